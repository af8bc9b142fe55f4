"""The page of a footnote is the page of its quote."""

import httpx
import pytest

from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.ingest.parsing.files import pdf
from tests.serving import add_and_wait

FOUNDED = "The society was founded in 1911 by four friends."
LOANS = "A telescope may be kept for three weeks."
CHARTS = "Star charts may be kept for three months."


@pytest.mark.parametrize(
    ("claim", "quote", "page"),
    [("It was founded in 1911", FOUNDED, 1), ("Telescopes: three weeks", LOANS, 3), ("Star charts: months", CHARTS, 4)],
)
def test_a_passage_over_several_pages_is_cited_with_the_page_of_the_quote(
    http: httpx.Client, upstream: FakeOpenAI, store: str, claim: str, quote: str, page: int
) -> None:
    blank: list[str] = []
    (document,) = add_and_wait(http, {"loans.pdf": pdf([[FOUNDED], blank, [LOANS], [CHARTS]])}, store=store)
    assert (document["status"], document["pages"], document["chunks"]) == ("completed", 4, 1)
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("reply", body=f"{claim} [1]."))
    answer = http.post("/ask", json={"question": "What is known of the society?", "store": store}).json()
    assert answer["passages"][0]["page"] == 1
    (citation,) = answer["citations"]
    assert (citation["quote"], citation["page"]) == (quote, page)
    text = http.get(f"/documents/{document['id']}/content").text
    assert text[citation["start"] : citation["end"]] == quote


def test_a_sentence_that_runs_over_the_page_is_cited_with_the_page_it_starts_on(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    pages = [["Members are welcome.", "A telescope may be kept"], ["for three weeks by members.", "Bring it back dry."]]
    (document,) = add_and_wait(http, {"loans.pdf": pdf(pages)}, store=store)
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("reply", body="A telescope may be kept long [1]."))
    (citation,) = http.post("/ask", json={"question": "How long?", "store": store}).json()["citations"]
    assert citation["quote"].startswith("A telescope may be kept")
    assert citation["page"] == 1
    assert document["pages"] == 2
