"""Outcomes as tests need them."""

from collections.abc import Sequence

from search.evaluation import Cited, Outcome, Question, Reply

ANSWERABLE = Question("a", "How long?", {"loans": 1, "rules": 1, "dome": 0}, ["three weeks"])
UNANSWERABLE = Question("u", "Who pays?", unanswerable=True)


def reply(
    text: str = "It is three weeks. [1]",
    *,
    answered: bool = True,
    cited: Sequence[tuple[str, bool]] = (),
    claims: int | None = None,
    grounded: int = 0,
    confidence: float | None = None,
) -> Reply:
    citations = [Cited((name,), exact) for name, exact in cited]
    return Reply(text, answered, citations, 0.2, claims, grounded, confidence)


def outcome(question: Question, ranking: Sequence[str] = (), answer: Reply | None = None) -> Outcome:
    return Outcome(question, ranking, 0.1, answer)
