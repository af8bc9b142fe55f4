"""What a client can make of what it got."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.relay.raw import Answer


class Verdict(Enum):
    """How a call ended, for the client."""

    ANSWERED = "answered"
    """It got the whole answer."""
    REFUSED = "clear errors"
    """It got an error that says what went wrong: as the answer, or as the last event of a stream."""
    BROKEN = "cut"
    """The connection broke in the middle of a body, which the client cannot take for the whole."""
    UNCLEAR = "unclear"
    """Something that looks whole and is not, or an error that says nothing."""


def judge(answer: Answer) -> Verdict:
    """What the client would say of it."""
    if not answer.complete:
        return Verdict.BROKEN
    if answer.values(b"content-type")[:1] and answer.values(b"content-type")[0].startswith(b"text/event-stream"):
        return _of_stream(answer.body)
    try:
        body = json.loads(answer.body)
    except ValueError:
        return Verdict.UNCLEAR
    if answer.status < 400:
        return Verdict.ANSWERED
    return Verdict.REFUSED if _is_error(body) else Verdict.UNCLEAR


def _of_stream(body: bytes) -> Verdict:
    events = [event for event in body.split(b"\n\n") if event.strip()]
    if not events:
        return Verdict.UNCLEAR
    if events[-1] == b"data: [DONE]":
        return Verdict.ANSWERED
    try:
        return Verdict.REFUSED if _is_error(json.loads(events[-1].removeprefix(b"data: "))) else Verdict.UNCLEAR
    except ValueError:
        return Verdict.UNCLEAR


def _is_error(body: Any) -> bool:
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and bool(error.get("message")) and "type" in error and "code" in error


@dataclass(slots=True)
class Outcome:
    """What became of the calls of one part."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Figures of this part alone."""

    @classmethod
    def of(cls, answers: Iterable[Answer]) -> "Outcome":
        """Judge all of them; what is unclear is a problem."""
        outcome = cls()
        for answer in answers:
            verdict = judge(answer)
            outcome.verdicts[verdict] += 1
            if verdict is Verdict.UNCLEAR:
                outcome.problems.append(f"unclear: {answer.status} {answer.body[-200:]!r}")
        return outcome

    def expect(self, condition: object, problem: str) -> None:
        """Note a problem unless the condition holds."""
        if not condition:
            self.problems.append(problem)
