"""Where confidence must be low for an answer to be that the documents do not say: chooses weights, and reports.

Asks a running service (`FOOTNOTE_URL`, `FOOTNOTE_API_KEY`) whose stores hold the corpora of folders in BEIR's format,
each under the folder's name; `footnote eval FOLDER` puts them there. Questions of a folder are answerable from its
store unless its `answers.jsonl` says otherwise; those of the other folders have nothing to do with it. Half of the
questions, by a hash of their ids, choose the weights that are printed; the other half says what the service's own do.
"""

import argparse
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

from benchmarks.questions import Kind, Posed, posed
from search.confidence import CALIBRATIONS, NEAREST, Calibration, Signs, Weights, signs_of
from vectorstore import Chunk, Hit
from vectorstore.scripts import scripts_of

_THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7)
_NONE = Calibration(Weights(0, 0, 0, 0), Weights(0, 0, 0, 0), {"latin": 0, "across": 0}, usual_coverage=0)
"""Of a model that nobody has calibrated: a first run tells what is usual; entered, it makes the second one right."""
_ROUNDS = 50
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what the nearest passages of a store told of it."""

    store: str
    posed: Posed
    signs: Signs


def main() -> None:
    """Ask, choose, report."""
    given = _arguments()
    calibration = CALIBRATIONS.get(given.model, _NONE)
    asked = list(_asked(given, calibration))
    console = Console()
    chosen = fitted([one for one in asked if one.posed.chooses and one.signs.alike])
    console.print(f"weights chosen on one half: {', '.join(f'{weight:.2f}' for weight in chosen)}")
    console.print(f"cosines of what has nothing to do with each other: {_unrelated(asked, calibration)}")
    console.print(f"in use: {calibration if calibration is not _NONE else 'nothing'}")
    for folder in given.folders:
        ours = [one for one in asked if one.store == folder.name and not one.posed.chooses]
        console.print(_declined(folder.name, ours, calibration))
        if any(one.posed.kind is Kind.UNANSWERABLE for one in ours):
            console.print(_abstention(ours, calibration))


def _unrelated(asked: Sequence[Asked], calibration: Calibration) -> str:
    """By script, of passages behind the first ten and questions for other stores: they belong into the calibration."""
    found: dict[str, list[float]] = {}
    for one in asked:
        if one.posed.kind is Kind.UNRELATED and one.posed.chooses:
            script = next(iter(scripts_of(one.posed.text)), "latin") if one.signs.alike else "across"
            usual = calibration.usual(one.posed.text, alike=one.signs.alike)
            found.setdefault(script, []).append(usual + one.signs.closeness - one.signs.lead)
    return ", ".join(f"{script} {np.mean(values):.3f}" for script, values in found.items())


def fitted(asked: Sequence[Asked]) -> NDArray[np.float64]:
    """Weights of closeness, lead and coverage, then the bias, by Newton's method.

    Of each store, questions with an answer in it weigh as much as those about something else. Those that only lack the
    answer are left out: these signs cannot tell them, and trying to blurs what they can tell.
    """
    asked = [one for one in asked if one.posed.kind is not Kind.UNANSWERABLE]
    rows = [(one.signs.closeness, one.signs.lead, one.signs.coverage, 1.0) for one in asked]
    truth = np.array([one.posed.kind is Kind.ANSWERABLE for one in asked], float)
    signs, shares = np.array(rows), _shares(asked)
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


def _shares(asked: Sequence[Asked]) -> NDArray[np.float64]:
    """What each question weighs, 100 for each store and side together."""
    sides = [(one.store, one.posed.kind is Kind.ANSWERABLE) for one in asked]
    return np.array([100 / sides.count(side) for side in sides])


def _declined(store: str, asked: Sequence[Asked], calibration: Calibration) -> Table:
    """Which share of each kind is declined at each threshold, and how well confidence tells it from the answerable."""
    kinds: dict[str, list[float]] = {}
    for one in asked:
        kinds.setdefault(one.posed.group, []).append(calibration.confidence(one.signs))
    answerable = np.array(kinds[Kind.ANSWERABLE])
    table = Table("questions", "n", "AUC", *map(str, _THRESHOLDS), title=f"{store}: % declined below a confidence of")
    for kind, values in kinds.items():
        found = np.array(values)
        above = (answerable[:, None] > found).mean() + (answerable[:, None] == found).mean() / 2
        shares = [f"{100 * (found < threshold).mean():.1f}" for threshold in _THRESHOLDS]
        table.add_row(kind, str(len(found)), "" if kind == Kind.ANSWERABLE else f"{above:.3f}", *shares)
    return table


def _abstention(asked: Sequence[Asked], calibration: Calibration) -> Table:
    """What declining would do to the store's own questions alone."""
    own = [one for one in asked if one.posed.kind is not Kind.UNRELATED]
    confidence = np.array([calibration.confidence(one.signs) for one in own])
    unanswerable = np.array([one.posed.kind is Kind.UNANSWERABLE for one in own])
    table = Table("declining, %", *map(str, _THRESHOLDS))
    declined = [confidence < threshold for threshold in _THRESHOLDS]
    right = [(each & unanswerable).sum() for each in declined]
    shares = [
        f"{100 * hits / each.sum():.1f}" if each.any() else "-" for hits, each in zip(right, declined, strict=True)
    ]
    table.add_row("precision", *shares)
    table.add_row("recall", *(f"{100 * hits / unanswerable.sum():.1f}" for hits in right))
    return table


def _asked(given: argparse.Namespace, calibration: Calibration) -> Iterator[Asked]:
    key = os.environ.get("FOOTNOTE_API_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    address = os.environ.get("FOOTNOTE_URL", "http://127.0.0.1:8321")
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        for folder in given.folders:
            others = [other for other in (*given.folders, *given.unrelated) if other != folder]
            for one in posed(folder, others, given.questions):
                form = {"store": folder.name, "query": one.text, "mode": "dense", "limit": NEAREST, "rerank": False}
                nearest = [_hit(hit) for hit in client.post("/search", json=form).raise_for_status().json()["data"]]
                yield Asked(folder.name, one, signs_of(one.text, nearest, calibration))


def _hit(body: Mapping[str, Any]) -> Hit:
    place = {name: body[name] for name in ("document_id", "text", "start", "end", "filename")}
    return Hit(Chunk("", version=1, index=0, headings=tuple(body["headings"]), **place), body["score"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="corpora that are in stores of the folders' names")
    parser.add_argument("--unrelated", type=Path, nargs="*", default=[], help="folders of which only questions are put")
    parser.add_argument("--model", default="multilingual-e5-small", help="the stores' embedding model")
    parser.add_argument("--questions", type=int, default=300, help="of each kind at most")
    return parser.parse_args()


if __name__ == "__main__":
    main()
