"""What is handed in, and what must come of it."""

import hashlib
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.durability.kills import Need

Kind = Literal["small", "large", "unreadable"]
_WORDS = ["valve", "pressure", "harbour", "ledger", "voyage", "furnace", "granite", "signal", "orchard", "lantern"]
_LETTERS = "bcdfghjklmnpqrstvwz"
_SMALL_SENTENCES = 6
_LARGE_SENTENCES = 80, 220
"""A sentence fills a chunk, and a step has 64 of them."""
_MOST_REPLACEMENTS = 2


@dataclass(frozen=True, slots=True)
class Content:
    """A file; no text in it is in any other."""

    kind: Kind
    filename: str
    data: bytes
    codeword: str
    """A word that is in every passage of this file and nowhere else."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass(slots=True, eq=False)
class Asked:
    """A document, what was asked for, and what is known to have been taken in."""

    content: Content
    """The content that must be visible in the end, if any is."""
    id: str = ""
    """Empty until somebody has answered for it."""
    state: Literal["present", "deleted", "cancelled", "perhaps cancelled"] = "present"
    earlier: list[Content] = field(default_factory=list)
    """What was replaced; it stays visible where workers died over the replacement too often."""
    busy: bool = False
    replaced: int = 0
    refused_replacement: bool = False
    """Whether the last replacement cannot be read, so that the content before it stays."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to ask of a runner, again and again until it is answered."""

    kind: Literal["submit", "replace", "delete", "cancel"]
    asked: Asked
    content: Content | None = None


@dataclass(slots=True)
class Workload:
    """Documents to hand in, and what is done to them later."""

    numbers: random.Random
    todo: list[Need] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    first: Asked | None = None

    @classmethod
    def of(cls, documents: int, seed: int) -> "Workload":
        """So many documents: one in twelve large, one in twelve that cannot be read; a third of them changed later."""
        few, numbers = max(documents // 12, 1), random.Random(seed)
        numbers_of: Mapping[Need, int] = {
            "small": documents - 2 * few,
            "large": few,
            "unreadable": few,
            "replace": 2 * few,
            "delete": few,
            "cancel": few,
        }
        todo = [need for need, count in numbers_of.items() for _ in range(count)]
        numbers.shuffle(todo)
        return cls(numbers, todo)

    def add_first(self) -> Content:
        """One more document, to be handed in before all others and then left alone."""
        self.first = Asked(self._content("small"), replaced=_MOST_REPLACEMENTS)
        return self.first.content

    def uploads(self) -> Iterator[Task]:
        """All documents, one after another, and nothing that is done to them later."""
        for need in self.todo:
            if need in {"small", "large", "unreadable"} and (task := self._task(need, set())):
                yield task

    def next_task(self, wanted: Need | None, completed: set[str]) -> Task | None:
        """The next thing to do, of that kind if one is wanted; None when it cannot be done yet."""
        if self.first is not None:
            self.asked.append(self.first)
            self.first = None
            return Task("submit", self.asked[-1])
        if wanted is None and not self.todo:
            return None
        need = wanted or self.todo[0]
        task = self._task(need, completed)
        if task is not None and need in self.todo:
            self.todo.remove(need)
        elif task is None and wanted is None:
            self.todo.append(self.todo.pop(0))
        return task

    def _task(self, need: Need, completed: set[str]) -> Task | None:
        if need in {"small", "large", "unreadable"}:
            self.asked.append(Asked(self._content(need)))
            return Task("submit", self.asked[-1])
        found = [one for one in self.asked if _can_change(one)]
        if need == "cancel":
            return Task("cancel", found[-1]) if found and found[-1].replaced == 0 else None
        found = [one for one in found if one.id in completed] if need == "replace" else found
        if not found:
            return None
        one = self.numbers.choice(found)
        return Task("replace", one, self._content(self._kind())) if need == "replace" else Task("delete", one)

    def _kind(self) -> Kind:
        return self.numbers.choices(("small", "large", "unreadable"), (6, 1, 1))[0]

    def _content(self, kind: Kind) -> Content:
        number = self.numbers.getrandbits(32)
        codeword = "".join(self.numbers.choices(_LETTERS, k=9))
        if kind == "unreadable":
            data = b"\x89PNG\r\n\x1a\n" + number.to_bytes(4) + bytes(64)
            return Content(kind, f"{number}.png", data, codeword)
        sentences = self.numbers.randint(*_LARGE_SENTENCES if kind == "large" else (1, _SMALL_SENTENCES))
        text = "\n\n".join(self._sentence(codeword, index) for index in range(sentences))
        return Content(kind, f"{number}.txt", text.encode(), codeword)

    def _sentence(self, codeword: str, index: int) -> str:
        words = " ".join(self.numbers.choices(_WORDS, k=8))
        return f"Entry {index} of {codeword} tells of {words} and of number {self.numbers.randint(10_000, 99_999)}."


def _can_change(one: Asked) -> bool:
    untouched = one.state == "present" and not one.refused_replacement and one.replaced < _MOST_REPLACEMENTS
    return bool(one.id) and not one.busy and untouched and one.content.kind != "unreadable"
