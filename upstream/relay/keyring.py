"""The keys of one server, taken in turn."""

from collections.abc import Container, Sequence

from pydantic import SecretStr

REFUSED_SECONDS = 300.0
"""How long a key rests that the server does not know or that has no credit."""
LIMITED_SECONDS = 1.0
"""How long a key rests that is limited, when the server does not say."""


class Keyring:
    """Keys that rest when they are refused or limited, while the others go on; its representation shows none.

    Without keys it gives out an empty one, so that servers that ask for none are no special case.
    """

    __slots__ = ("_keys", "_next", "_rests")

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = [f"Bearer {key.get_secret_value()}".encode() for key in keys] or [b""]
        self._rests = [0.0] * len(self._keys)
        self._next = 0

    def __len__(self) -> int:
        return len(self._keys)

    def authorization(self, key: int) -> bytes:
        """Value of the header that shows this key; empty where there is none."""
        return self._keys[key]

    def rested(self, now: float) -> bool:
        """Whether there is a key that does not rest."""
        return self._rests[0] <= now or any(until <= now for until in self._rests)

    def resting(self, now: float) -> int:
        """How many keys rest."""
        return sum(until > now for until in self._rests)

    def pick(self, now: float, tried: Container[int] = ()) -> int | None:
        """The key whose turn it is; where all rest, the one that rests least longer. None when all were tried."""
        count = len(self._keys)
        if count == 1:
            return None if 0 in tried else 0
        best: int | None = None
        for step in range(count):
            key = (self._next + step) % count
            if key in tried:
                continue
            if self._rests[key] <= now:
                self._next = (key + 1) % count
                return key
            if best is None or self._rests[key] < self._rests[best]:
                best = key
        return best

    def rest(self, key: int, until: float) -> None:
        """Leave this key out until then, where others can take its place."""
        self._rests[key] = max(self._rests[key], until)
