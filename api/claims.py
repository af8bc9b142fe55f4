"""The sentences of an answer as they are sent."""

from pydantic import BaseModel

from search import Answer, Claim


class ClaimBody(BaseModel):
    """A sentence of an answer that claims something, and whether the documents bear it out."""

    text: str
    """Without its markers."""
    start: int
    """Offset of the sentence in the answer."""
    end: int
    """Offset after the sentence and its markers."""
    grounded: bool
    reason: str | None
    """Why it is not grounded: `no_citation`, `citation_failed`, `misquoted`, `number_not_found`, `name_not_found`,
    `contradicted`, `instruction`, `not_supported` or `other_language`; null where it is."""
    citations: list[int]
    """Positions, from 0, in the list of citations."""


def claim_body(claim: Claim) -> ClaimBody:
    """A sentence as it is sent."""
    return ClaimBody(
        text=claim.text,
        start=claim.start,
        end=claim.end,
        grounded=claim.grounded,
        reason=claim.reason,
        citations=list(claim.citations),
    )


def standing(answer: Answer) -> dict[str, object]:
    """What an answer stands on, in the extra fields of OpenAI's shapes."""
    return {
        "grounded": answer.grounded,
        "answered": answer.answered,
        "confidence": answer.confidence,
        "cached": answer.cached,
        "sentences": [claim_body(claim).model_dump() for claim in answer.sentences],
    }
