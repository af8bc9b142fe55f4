"""How often a claim that the passages bear out is called grounded, and one that was falsified is not.

Claims are made from a folder in BEIR's format with `answers.jsonl` (questions, their answers and the passage each is
in): faithful ones are the passage's sentence with the answer, the question joined with its answer, in the words of
whoever asked, and the answer alone. The false ones are the same with another number, another name, a "not", another
question's answer, or under the number of a passage that does not say it. Half of the questions, by a hash of their
ids, are to choose thresholds by; the other half is reported. `claims.jsonl` beside this module has some more, written
by hand, in two languages. Nothing is asked of any model or service.
"""

import argparse
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from search.claims import statements
from search.grounding import Grounds
from search.naming import names
from search.sentences import sentences
from search.supporting import Source
from vectorstore import Chunk, Hit

_NUMBER = re.compile(r"(?<![\d.,])\d{1,4}(?![\d.,]*\d)")
_NOT = (
    (re.compile(r"\b(was|is|were|are|has|had|can|will|did)\b(?! not)"), r"\1 not"),
    (re.compile(r"(?<![不还就也但若])是(?![否不])"), "不是"),
)
_ASKING = re.compile(
    r"^(?:who|what|when|where|which|why|how(?: many| much| long| old)?|in what|in which|on what)\b ?", re.IGNORECASE
)
_PASSAGES = 3
_SHORT_NAME = 3
_FAITHFUL = frozenset(("sentence", "question and answer", "answer alone", "sentence, unmarked", "faithful"))


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the corpus."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what answers it, and the passages that were found for it: the first has the answer."""

    id: str
    question: str
    answer: str
    passages: Sequence[Passage]


@dataclass(frozen=True, slots=True)
class Case:
    """An answer of one claim."""

    kind: str
    text: str

    @property
    def faithful(self) -> bool:
        """Whether the first passage says it."""
        return self.kind in _FAITHFUL


def main() -> None:
    """Make claims, judge them, report."""
    given = _arguments()
    sets = {"written by hand": list(_by_hand())}
    for folder in given.folders:
        sample = _sample(_read(folder), given.questions, chooses=given.choose)
        sets[folder.name] = [(asked, case) for asked in sample for case in _cases(asked)]
    for name, cases in sets.items():
        reasons: dict[str, Counter[str]] = {}
        missed = []
        for asked, case in cases:
            reason = _judged(asked, case)
            reasons.setdefault(case.kind, Counter())[reason] += 1
            if (reason == "grounded") != case.faithful:
                missed.append((case.kind, reason, asked.question, case.text))
        Console().print(_report(name, reasons))
        for one in missed[: given.show]:
            print(*one, sep="\n    ")


def _by_hand() -> Iterator[tuple[Asked, Case]]:
    for one in _lines(Path(__file__).with_name("claims.jsonl")):
        asked = Asked("", one["question"], "", [Passage(one["title"], one["passage"])])
        yield asked, Case("faithful" if one["faithful"] else "false", f"{one['claim']} [1].")


def _judged(asked: Asked, case: Case) -> str:
    sources = [Source(number, _hit(one)) for number, one in enumerate(asked.passages, 1)]
    grounds = Grounds(sources, asked.question)
    found = [grounds.judge(one).reason for one in statements(case.text) if one.claims]
    return next((reason for reason in found if reason is not None), "grounded" if found else "no claim")


def _report(name: str, reasons: Mapping[str, Counter[str]]) -> Table:
    """Each kind of claim, which share of it is grounded, and for what reasons the others are not."""
    table = Table("claim", "n", "grounded", "why not", title=name)
    for kind, found in sorted(reasons.items(), key=lambda one: one[0] not in _FAITHFUL):
        why = ", ".join(
            f"{reason} {n / found.total():.1%}" for reason, n in found.most_common() if reason != "grounded"
        )
        table.add_row(kind, str(found.total()), f"{found['grounded'] / found.total():.1%}", why)
    faithful = sum((found for kind, found in reasons.items() if kind in _FAITHFUL), Counter[str]())
    false = sum((found for kind, found in reasons.items() if kind not in _FAITHFUL), Counter[str]())
    blamed, caught = faithful.total() - faithful["grounded"], false.total() - false["grounded"]
    table.caption = (
        f"of what is false {caught / false.total():.1%} is marked; {blamed / faithful.total():.1%} of the rest"
    )
    return table


def _cases(asked: Asked) -> Iterator[Case]:
    passage = asked.passages[0].text
    said = next((one.text for one in sentences(passage) if asked.answer in one.text), None)
    if said is None or said.endswith(("?", "？")) or "\n" in said:
        return
    joined = f"{_ASKING.sub('', asked.question).rstrip('?？ ')}: {asked.answer}"
    end = "。" if re.search("[\u4e00-\u9fff]", said) else "."
    plain = said.rstrip(".。!！;； ")
    yield Case("sentence", f"{plain} [1]{end}")
    yield Case("sentence, unmarked", said)
    yield Case("question and answer", f"{joined} [1]{end}")
    yield Case("answer alone", f"{asked.answer} [1]{end}")
    yield Case("wrong passage", f"{plain} [2]{end}")
    yield Case("question and answer, wrong passage", f"{joined} [2]{end}")
    yield from (Case(kind, f"{false} [1]{end}") for kind, false in _falsified(plain, asked))
    yield from (Case(f"answer: {kind}", f"{false} [1]{end}") for kind, false in _falsified(joined, asked))


def _falsified(said: str, asked: Asked) -> Iterator[tuple[str, str]]:
    if number := _NUMBER.search(said):
        yield "another number", said[: number.start()] + str(int(number.group()) + 2) + said[number.end() :]
        inside = [one for one in _NUMBER.findall(asked.passages[0].text) if one not in said]
        if inside:
            yield "another number of the passage", said[: number.start()] + inside[0] + said[number.end() :]
    own, others = list(names(said)), list(names(asked.passages[1].text))
    known = f"{asked.passages[0].title} {asked.passages[0].text} {asked.question}".casefold()
    strange = [one for one in others if len(one) > _SHORT_NAME and one.casefold() not in known]
    if own and strange:
        yield "another name", said.replace(own[-1], strange[-1], 1)
    for pattern, negated in _NOT:
        if pattern.search(said):
            yield "a not", pattern.sub(negated, said, count=1)


def _sample(every: Sequence[Asked], count: int, *, chooses: bool) -> Sequence[Asked]:
    half = [one for one in every if (_number(one.id) % 2 == 0) == chooses]
    return sorted(half, key=lambda one: _number(f"pick {one.id}"))[:count]


def _read(folder: Path) -> Sequence[Asked]:
    entries = _lines(folder / "corpus.jsonl")
    places = {one["_id"]: place for place, one in enumerate(entries)}
    passages = [Passage(one["title"], one["text"]) for one in entries]
    texts = {one["_id"]: one["text"] for one in _lines(folder / "queries.jsonl")}
    found = []
    for one in _lines(folder / "answers.jsonl"):
        if one["answers"]:
            place = places[one["context_id"]]
            # The next ones are mostly of the same article, and so about the same things.
            near = [passages[(place + step) % len(passages)] for step in range(_PASSAGES)]
            found.append(Asked(one["_id"], texts[one["_id"]], one["answers"][0], near))
    return found


def _hit(passage: Passage) -> Hit:
    text = passage.text
    return Hit(Chunk("", passage.title, 1, 0, text, 0, len(text), passage.title, headings=(passage.title,)), 1.0)


def _lines(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="with corpus.jsonl, queries.jsonl, answers.jsonl")
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--choose", action="store_true", help="report the half that thresholds are chosen by")
    parser.add_argument("--show", type=int, default=0, help="claims judged wrongly that are shown")
    return parser.parse_args()


if __name__ == "__main__":
    main()
