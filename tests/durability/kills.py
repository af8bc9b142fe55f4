"""When and where a process is killed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Moment = Literal["before", "within", "after"]
"""`within` is inside the transaction of a write, and some milliseconds after the beginning of anything else."""
Need = Literal["small", "large", "unreadable", "replace", "delete", "cancel"]


@dataclass(frozen=True, slots=True)
class Kill:
    """A process kills itself when it does something for the n-th time, or is killed from outside."""

    operation: str
    moment: Moment = "before"
    nth: int = 1

    @property
    def point(self) -> str:
        """What it is counted as."""
        return self.operation if self.operation in {RANDOM, ENGINE} else f"{self.operation}, {self.moment}"


RANDOM = "at random"
"""From outside, at any moment."""
POISON_ALONE = "reading a deadly file and nothing else"
POISON_BESIDE_OTHERS = "reading a deadly file beside others"
ENGINE = "engine at random"
"""Only the process of the embedded vector engine dies."""

WRITES: Mapping[str, tuple[str, Need]] = {
    "set_dimensions": ("length of vectors", "small"),
    "_record_all": ("upload", "small"),
    "_record_replacement": ("replacement", "replace"),
    "_cancel": ("cancelling", "cancel"),
    "_forget": ("deleting", "delete"),
    "_settle": ("removal carried out", "replace"),
    "_drop_bytes": ("bytes forgotten", "delete"),
    "_with_subjects": ("claim", "small"),
    "expire": ("leases taken back", "small"),
    "renew": ("heartbeat", "small"),
    "described": ("file read", "small"),
    "add_all": ("vectors recorded", "small"),
    "progressed": ("progress", "large"),
    "resumed": ("resumption", "large"),
    "_switch": ("switch of version", "small"),
    "put_off": ("putting off", "small"),
    "_end": ("failing", "unreadable"),
}
"""Functions that write to the database, what they do, and what must be handed in for them to be called."""

VECTORS: Mapping[str, tuple[str, Need]] = {
    "ensure_collection": ("opening the collection", "small"),
    "upsert": ("chunks written", "large"),
    "count": ("chunks counted", "small"),
    "delete_document": ("chunks deleted", "replace"),
}
BLOBS: Mapping[str, tuple[str, Need]] = {
    "put": ("bytes kept", "small"),
    "local": ("reading the file", "small"),
    "put_text": ("text kept", "small"),
    "put_layout": ("layout kept", "large"),
    "remove_text": ("text removed", "replace"),
    "remove_texts": ("texts removed", "delete"),
    "remove": ("bytes removed", "delete"),
}
_TITLES_AND_NEEDS = [*WRITES.values(), *VECTORS.values(), *BLOBS.values()]
NEEDS: Mapping[str, Need] = dict(_TITLES_AND_NEEDS)
OPERATIONS: Sequence[str] = tuple(NEEDS)
_INTERRUPTED = Kill("progress", "after")
"""What must have happened for something to be resumed."""
_ALL_MOMENTS: Sequence[Moment] = ("before", "within", "after")
_SELDOM: Sequence[Moment] = ("before", "after")


def moments(operation: str) -> Sequence[Moment]:
    """When in the course of an operation a process can be killed."""
    written = operation in {title for title, _ in WRITES.values()}
    return _ALL_MOMENTS if written or operation in {"reading the file", "chunks written"} else _SELDOM


def every_kill(kills: int, seed: int) -> list[Kill]:
    """So many kills, at every moment of every operation at least once as far as there are enough of them."""
    chosen = [Kill(operation, moment) for operation in OPERATIONS for moment in moments(operation)]
    return _arranged(chosen, kills, random.Random(seed))


def a_share_of_kills(share: int, shares: int, *, at_random: int, seed: int) -> list[Kill]:
    """Kills at some of the operations, and some more; all shares together have each operation at least once."""
    numbers = random.Random(seed)
    chosen = [Kill(operation, numbers.choice(moments(operation))) for operation in OPERATIONS[share::shares]]
    depending = sum(kill.operation == "resumption" for kill in chosen)
    return _arranged(chosen, len(chosen) + depending + at_random, numbers)


def _arranged(chosen: list[Kill], kills: int, numbers: random.Random) -> list[Kill]:
    numbers.shuffle(chosen)
    chosen.sort(key=_settling)
    chosen = [each for kill in chosen for each in with_what_it_takes(kill)][:kills]
    firsts = sum(kill.operation == "length of vectors" for kill in chosen)
    for _ in range(kills - len(chosen)):
        place = numbers.randint(firsts, len(chosen))
        while 0 < place < len(chosen) and chosen[place].operation == "resumption":
            place -= 1
        chosen.insert(place, Kill(RANDOM))
    return chosen


def _settling(kill: Kill) -> int:
    """The only chances for the length of vectors come first, and of these the last is after it was recorded."""
    if kill.operation != "length of vectors":
        return len(_ALL_MOMENTS)
    return _ALL_MOMENTS.index(kill.moment)


def with_what_it_takes(kill: Kill) -> Iterator[Kill]:
    """The kill, after another one that it depends on."""
    if kill.operation == "resumption":
        yield _INTERRUPTED
    yield kill
