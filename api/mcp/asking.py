"""The tool `ask`: an answer with its footnotes."""

from typing import Annotated

from pydantic import BaseModel, Field

from api.mcp.places import place_id, title
from api.mcp.wanting import StoreName, Wanting
from api.searching import Question
from search import Citation, Inquiry


class AskArguments(BaseModel):
    """What is asked."""

    question: Annotated[Question, Field(description="A whole question: nothing that was said before is known.")]
    store: StoreName = None


class Footnote(BaseModel):
    """A claim of the answer and the words it stands on."""

    number: int
    """As in the answer's marker `[1]`."""
    claim: str
    quote: str
    """The document's text from `start` to `end`, unchanged."""
    id: str
    """`fetch` takes it."""
    title: str
    url: str
    document_id: str
    filename: str
    page: int | None
    start: int
    end: int


class Written(BaseModel):
    """An answer."""

    answer: str
    answered: bool
    """False when the documents do not say."""
    grounded: bool
    """Whether the documents bear out every sentence that claims something."""
    citations: list[Footnote]


async def ask(wanting: Wanting, given: AskArguments) -> Written:
    """The answer to a question.

    Raises:
        ApiError, UpstreamError, VectorStoreError, RecordsError
    """
    stores = await wanting.stores(given.store)
    services = wanting.services
    answer = await services.answerer.answer(Inquiry(stores, given.question, services.settings.search.answer_passages))
    footnotes = [_footnote(wanting, citation) for citation in answer.citations]
    return Written(answer=answer.text, answered=answer.answered, grounded=answer.grounded, citations=footnotes)


def _footnote(wanting: Wanting, citation: Citation) -> Footnote:
    chunk = citation.hit.chunk
    return Footnote(
        number=citation.number,
        claim=citation.claim,
        quote=citation.quote,
        id=place_id(chunk.document_id, citation.start, citation.end),
        title=title(chunk.filename, chunk.headings),
        url=wanting.url(chunk.document_id, citation.page),
        document_id=chunk.document_id,
        filename=chunk.filename,
        page=citation.page,
        start=citation.start,
        end=citation.end,
    )
