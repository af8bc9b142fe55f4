"""Where confidence must be low for an answer to be that the documents do not say: chooses weights, and reports.

Asks a running service (`FOOTNOTE_URL`, `FOOTNOTE_API_KEY`) whose store holds the corpus of a folder in BEIR's format;
`footnote eval FOLDER` puts it there. Questions of the folder are answerable unless its `answers.jsonl` says otherwise;
those of other folders have nothing to do with it. Half of the questions, by a hash of their ids, choose the weights
that are printed; the other half says what the service's own do.
"""

import argparse
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from search.confidence import CALIBRATIONS, NEAREST, Signs, signs_of
from vectorstore import Chunk, Hit

_THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
_ANSWERABLE, _UNANSWERABLE = "answerable", "unanswerable"
_ROUNDS = 50
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what the nearest passages told of it."""

    kind: str
    chooses: bool
    """Whether it is of the half that chooses the weights."""
    signs: Signs


def main() -> None:
    """Ask, choose, report."""
    given = _arguments()
    calibration = CALIBRATIONS[given.model]
    asked = list(_asked(given))
    console = Console()
    chosen = fitted([one for one in asked if one.chooses and one.signs.alike])
    console.print(
        f"weights chosen on one half: {', '.join(f'{weight:.2f}' for weight in chosen)}; in use: {calibration}"
    )
    reported = [(one.kind, calibration.confidence(one.signs)) for one in asked if not one.chooses]
    console.print(_report(reported))


def fitted(asked: Sequence[Asked]) -> NDArray[np.float64]:
    """Weights of closeness, lead and coverage, then the bias, by Newton's method; answerable and not weigh the same."""
    rows = [(one.signs.closeness, one.signs.lead, one.signs.coverage, 1.0) for one in asked]
    truth = np.array([one.kind == _ANSWERABLE for one in asked], float)
    signs, shares = np.array(rows), np.where(truth > 0, 0.5 / truth.sum(), 0.5 / (1 - truth).sum()) * len(truth)
    center, spread = signs[:, :3].mean(0), signs[:, :3].std(0)
    signs[:, :3] = (signs[:, :3] - center) / spread
    weights = np.zeros(4)
    for _ in range(_ROUNDS):
        likely = 1 / (1 + np.exp(-signs @ weights))
        slope = signs.T @ (shares * (likely - truth)) + _RIDGE * weights
        bend = (signs * (shares * likely * (1 - likely))[:, None]).T @ signs + _RIDGE * np.eye(4)
        weights -= np.linalg.solve(bend, slope)
    plain = weights[:3] / spread
    return np.append(plain, weights[3] - plain @ center)


def _report(reported: Sequence[tuple[str, float]]) -> Table:
    """Which share of each kind is declined at each threshold, and how well confidence tells it from the answerable."""
    kinds: dict[str, list[float]] = {}
    for kind, confidence in reported:
        kinds.setdefault(kind, []).append(confidence)
    answerable = np.array(kinds[_ANSWERABLE])
    table = Table("questions", "n", "AUC", *(f"< {threshold}" for threshold in _THRESHOLDS), title="declined")
    for kind, values in kinds.items():
        found = np.array(values)
        above = (answerable[:, None] > found).mean() + (answerable[:, None] == found).mean() / 2
        shares = [f"{(found < threshold).mean():.1%}" for threshold in _THRESHOLDS]
        table.add_row(kind, str(len(found)), "" if kind == _ANSWERABLE else f"{above:.3f}", *shares)
    return table


def _asked(given: argparse.Namespace) -> Iterator[Asked]:
    key = os.environ.get("FOOTNOTE_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = os.environ.get("FOOTNOTE_URL", "http://127.0.0.1:8321")
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        for kind, question in _questions(given):
            form = {"store": given.store, "query": question["text"], "mode": "dense", "limit": NEAREST}
            nearest = [_hit(one) for one in client.post("/search", json=form).raise_for_status().json()["data"]]
            signs = signs_of(question["text"], nearest, CALIBRATIONS[given.model])
            yield Asked(kind, _number(question["_id"]) % 2 == 0, signs)


def _questions(given: argparse.Namespace) -> Iterator[tuple[str, Mapping[str, Any]]]:
    known = given.folder / "answers.jsonl"
    impossible = {one["_id"] for one in _lines(known) if one.get("is_impossible")} if known.exists() else set()
    own = _picked(given.folder)
    for kind in (_ANSWERABLE, _UNANSWERABLE):
        some = [one for one in own if (one["_id"] in impossible) == (kind == _UNANSWERABLE)]
        yield from ((kind, one) for one in some[: given.questions])
    for folder in given.unrelated:
        yield from ((f"of {folder.name}", one) for one in _picked(folder)[: given.questions])


def _picked(folder: Path) -> list[Mapping[str, Any]]:
    """The questions in an order that has nothing to do with what they ask."""
    return sorted(_lines(folder / "queries.jsonl"), key=lambda one: _number(f"pick {one['_id']}"))


def _lines(path: Path) -> list[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def _hit(body: Mapping[str, Any]) -> Hit:
    place = {name: body[name] for name in ("document_id", "text", "start", "end", "filename")}
    return Hit(Chunk("", version=1, index=0, headings=tuple(body["headings"]), **place), body["score"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="corpus.jsonl, queries.jsonl and, if there are any, answers.jsonl")
    parser.add_argument("--store", required=True, help="the store that holds the corpus")
    parser.add_argument("--model", default="multilingual-e5-small", help="the store's embedding model")
    parser.add_argument(
        "--unrelated", type=Path, nargs="*", default=[], help="folders whose questions it cannot answer"
    )
    parser.add_argument("--questions", type=int, default=300, help="of each kind at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
