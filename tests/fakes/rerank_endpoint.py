"""POST /v1/rerank of the fake server, in the form of Cohere and Jina."""

from typing import Any

from aiohttp import web

from tests.fakes.embedding import embed
from tests.fakes.failing import error
from tests.fakes.script import Behaviour

_DIMENSIONS = 512


def rerank(body: dict[str, Any], behaviour: Behaviour | None) -> web.Response:
    """The scripted results, or the documents by their likeness to the query, best first."""
    documents, most = body["documents"], body.get("top_n")
    if not documents or not all(documents) or not body["query"]:
        return error(400, "Invalid 'documents': must be non-empty strings.", parameter="documents")
    if behaviour and behaviour.kind == "reply":
        return web.json_response(behaviour.body)
    wanted = embed(body["query"], _DIMENSIONS)
    results = [
        {"index": index, "relevance_score": max(float(embed(text, _DIMENSIONS) @ wanted), 0.0)}
        for index, text in enumerate(documents)
    ]
    results.sort(key=lambda result: -result["relevance_score"])
    tokens = sum(len(text.split()) for text in (body["query"], *documents))
    return web.json_response({"model": body["model"], "results": results[:most], "usage": {"total_tokens": tokens}})
