"""Footnotes under what a chat model has written: each claim judged, each quote proven."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from search.answering import Answer, Claim
from search.citation import Citation, cite
from search.claims import Statement, statements
from search.grounding import Grounds, Judgement, Support
from search.meaning import reconsidered
from search.proving import Texts, proven
from search.supporting import Source
from upstream import Embedder


@dataclass(frozen=True, slots=True)
class _Noted:
    """A statement, what was found of it, and its footnotes."""

    statement: Statement
    judgement: Judgement
    citations: Sequence[Citation]


async def footnoted(answer: Answer, question: str, texts: Texts, embedder: Embedder | None) -> Answer:
    """The answer with a footnote for each passage that a sentence names, and a judgement on each claim.

    A claim that names none, and that a passage plainly says, gets a footnote, too. Each quote stands in the document's
    kept text: a footnote whose quote does not is left out.

    Args:
        answer: What was written, markers included; those that name no passage have been taken out.
        question: What was asked, as it stands on its own.
        texts: The extracted texts that quotes are held against.
        embedder: Compares claims with passages that share no words with them, as far as it has been measured.

    Raises:
        RecordsError: The texts cannot be read.
    """
    judged = await asyncio.to_thread(_judged, answer, question)
    judgements = await reconsidered(judged, embedder)
    noted = [_noted(one, judgement) for (one, _), judgement in zip(judged, judgements, strict=True)]
    return await _proven(answer, noted, texts)


async def excerpted(answer: Answer, citations: Sequence[Citation], texts: Texts) -> Answer:
    """The answer that consists of the quotes, line by line; without text where none of them can be proven.

    Raises:
        RecordsError: The texts cannot be read.
    """
    text, placed, claims = "", list[Citation](), list[Claim]()
    for citation, stands in zip(citations, await proven(citations, texts), strict=True):
        if stands:
            text += "\n" if text else ""
            said, start = " ".join(citation.quote.split()), len(text)
            text += f"{said} [{citation.number}]"
            placed.append(replace(citation, index=start + len(said) + 1))
            claims.append(Claim(said, start, len(text), grounded=True, reason=None, citations=[len(claims)]))
    return replace(answer, text=text, citations=placed, sentences=claims, grounded=bool(claims))


def _judged(answer: Answer, question: str) -> Sequence[tuple[Statement, Judgement]]:
    grounds = Grounds([Source(number, hit) for number, hit in enumerate(answer.passages, 1)], question)
    return [(one, grounds.judge(one)) for one in statements(answer.text)]


def _noted(one: Statement, judgement: Judgement) -> _Noted:
    return _Noted(one, judgement, [_cited(one, support) for support in judgement.supports])


def _cited(one: Statement, support: Support) -> Citation:
    number, span = support.source.number, support.span
    citation = cite(number, one.text, support.source.hit, span.start, span.end)
    place = one.places.get(number)
    return replace(citation, index=one.end if place is None else place, marked=place is not None)


async def _proven(answer: Answer, noted: Sequence[_Noted], texts: Texts) -> Answer:
    every = [citation for one in noted for citation in one.citations]
    stands = await proven(every, texts)
    kept = [citation for citation, is_so in zip(every, stands, strict=True) if is_so]
    claims = list(_claims(noted, stands))
    grounded = answer.answered and bool(claims) and all(claim.grounded for claim in claims)
    return replace(answer, citations=kept, sentences=claims, grounded=grounded)


def _claims(noted: Sequence[_Noted], stands: Sequence[bool]) -> Iterator[Claim]:
    verdicts, kept = iter(stands), 0
    for one in noted:
        own = [next(verdicts) for _ in one.citations]
        places = range(kept, kept + sum(own))
        kept += sum(own)
        if one.statement.claims:
            reason = one.judgement.reason if all(own) else "citation_failed"
            said = one.statement
            yield Claim(said.text, said.start, said.end, reason is None, reason, list(places))
