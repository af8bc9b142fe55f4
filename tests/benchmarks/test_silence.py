"""The weights of confidence, as the benchmark chooses them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.questions import Kind, Posed, posed
from benchmarks.silence import Asked, fitted
from search.confidence import Signs, Weights

RELATED, UNRELATED = (0.12, 0.05, 0.7), (0.02, 0.02, 0.2)
"""Closeness, lead and coverage."""


def asked(kind: Kind, center: tuple[float, float, float], *, seed: int, store: str = "loans") -> list[Asked]:
    """Questions whose signs lie around a center, some of them nearer to another one."""
    noise = np.random.default_rng(seed).normal(0, (0.05, 0.02, 0.25), (60, 3))
    return [
        Asked(store, Posed("?", kind, kind, chooses=True), Signs(float(near), float(ahead), float(shared), alike=True))
        for near, ahead, shared in np.array(center) + noise
    ]


def written(folder: Path, questions: Sequence[str], impossible: Sequence[str] = ()) -> Path:
    """A set of questions, of which some have no answer."""
    folder.mkdir()
    files: Mapping[str, Sequence[Mapping[str, Any]]] = {
        "queries": [{"_id": text, "text": f"{text}?"} for text in questions],
        "answers": [{"_id": text, "is_impossible": True} for text in impossible],
    }
    for name, rows in files.items():
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def test_weights_tell_what_is_answerable_from_what_has_nothing_to_do_with_it() -> None:
    related, unrelated = asked(Kind.ANSWERABLE, RELATED, seed=1), asked(Kind.UNRELATED, UNRELATED, seed=2)
    weights = Weights(*map(float, fitted([*related, *unrelated])))
    assert weights.closeness > 0
    assert weights.coverage > 0
    assert np.mean([weights.confidence(one.signs) > 0.5 for one in related]) > 0.9
    assert np.mean([weights.confidence(one.signs) < 0.5 for one in unrelated]) > 0.9


def test_a_large_store_weighs_no_more_than_a_small_one() -> None:
    few = [*asked(Kind.ANSWERABLE, RELATED, seed=1), *asked(Kind.UNRELATED, UNRELATED, seed=2)]
    many = asked(Kind.ANSWERABLE, UNRELATED, seed=3, store="keys") + asked(
        Kind.UNRELATED, RELATED, seed=4, store="keys"
    )
    assert np.allclose(fitted([*few, *many]), fitted([*few, *many, *many]), rtol=1e-6)


def test_questions_that_only_lack_the_answer_choose_nothing() -> None:
    both = [*asked(Kind.ANSWERABLE, RELATED, seed=1), *asked(Kind.UNRELATED, UNRELATED, seed=2)]
    assert np.array_equal(fitted(both), fitted([*both, *asked(Kind.UNANSWERABLE, RELATED, seed=3)]))


def test_questions_are_put_as_what_they_are(tmp_path: Path) -> None:
    own = written(tmp_path / "loans", ["how long", "how many", "who"], impossible=["who"])
    other = written(tmp_path / "keys", ["where", "when"])
    found = [(one.group, one.text) for one in posed(own, [other], most=2)]
    assert sorted(found) == [
        ("answerable", "how long?"),
        ("answerable", "how many?"),
        ("of keys", "when?"),
        ("of keys", "where?"),
        ("unanswerable", "who?"),
    ]
    assert len(list(posed(own, [other], most=1))) == 3
