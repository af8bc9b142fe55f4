"""Recorded vectors and a budget without a database."""

from collections.abc import Mapping, Sequence

from records.ids import DocumentId
from upstream import Vectors


class FakeMemory:
    """Keeps vectors in a dictionary."""

    def __init__(self) -> None:
        self.rows: dict[bytes, Vectors] = {}
        self.owners: dict[bytes, DocumentId] = {}
        self.failure: Exception | None = None
        """Raised instead of keeping anything."""

    async def find(self, hashes: Sequence[bytes]) -> Mapping[bytes, Vectors]:
        return {text_hash: self.rows[text_hash] for text_hash in hashes if text_hash in self.rows}

    async def keep(self, rows: Sequence[tuple[DocumentId, bytes, Vectors]]) -> None:
        if self.failure is not None:
            raise self.failure
        for owner, text_hash, row in rows:
            self.rows[text_hash] = row
            self.owners[text_hash] = owner


class FakeBudget:
    """Says yes or no as it is told."""

    max_call_tokens: int | None = None

    def __init__(self, *, bulk_seconds: float = 0.0, urgent_seconds: float = 0.0) -> None:
        self.bulk_seconds = bulk_seconds
        self.urgent_seconds = urgent_seconds
        self.taken: list[tuple[int, bool]] = []

    async def take(self, tokens: int, *, urgent: bool) -> float:
        seconds = self.urgent_seconds if urgent else self.bulk_seconds
        if not seconds:
            self.taken.append((tokens, urgent))
        return seconds

    async def hold(self, seconds: float) -> None:
        raise NotImplementedError
