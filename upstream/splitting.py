"""Finding the texts for which a batch was refused."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from upstream.embedder import Outcome, Prepared, Vectors
from upstream.errors import UpstreamError, UpstreamRejectedError

Call = Callable[[Sequence[Prepared]], Awaitable[Vectors]]


@dataclass(slots=True)
class Splitting:
    """Halves a refused batch again and again, so that each good text is sent at most log2 of its size times more."""

    batch: Sequence[Prepared]
    call: Call
    failures: dict[int, UpstreamError] = field(default_factory=dict)
    accepted: list[range] = field(default_factory=list)
    """Pieces of the batch that were not refused."""
    _vectors: Vectors | None = None

    async def run(self) -> Outcome:
        """What becomes of each text; the batch as a whole is not sent again.

        Once a call fails for another reason, what was not sent yet fails with it: it is not the texts' fault.

        Raises:
            UpstreamError: Nothing came of any text, for the same reason.
        """
        pieces = list(_halves(range(len(self.batch))))
        while pieces:
            piece = pieces.pop(0)
            try:
                self._keep(piece, await self.call(self.batch[piece.start : piece.stop]))
            except UpstreamRejectedError as refusal:
                if len(piece) > 1:
                    pieces[:0] = _halves(piece)
                else:
                    self.failures[piece.start] = refusal
            except UpstreamError as error:
                if self._vectors is None and not self.failures:
                    raise
                self.failures |= {position: error for rest in (piece, *pieces) for position in rest}
                break
        return Outcome(self._rows(), self.failures)

    @property
    def size_was_to_blame(self) -> bool:
        """Whether every text was accepted in smaller company."""
        return not self.failures

    def _keep(self, piece: range, vectors: Vectors) -> None:
        if self._vectors is None:
            self._vectors = np.zeros((len(self.batch), vectors.shape[1]), np.float32)
        self._vectors[piece.start : piece.stop] = vectors
        self.accepted.append(piece)

    def _rows(self) -> Vectors:
        return np.zeros((len(self.batch), 0), np.float32) if self._vectors is None else self._vectors


def _halves(piece: range) -> tuple[range, range]:
    middle = len(piece) // 2
    return piece[:middle], piece[middle:]
