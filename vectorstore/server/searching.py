"""A question in the words of a Qdrant server."""

from typing import Any

import qdrant_edge as edge
from qdrant_client import models

from vectorstore.bm25 import Bm25
from vectorstore.conditions import foreign, scope, searched
from vectorstore.fusion import FOREIGN_BONUS, MISSING, TIE, depth
from vectorstore.interface import Query, Vectors
from vectorstore.scripts import comparable_scripts
from vectorstore.server.dialect import ServerDialect
from vectorstore.server.schema import BM25, DENSE

_DIALECT = ServerDialect()
_SCORE = "$score"
_BY_WORDS, _BY_MEANING = MISSING
_LOGARITHM = models.LnExpression(ln=models.SumExpression(sum=[1.0, models.AbsExpression(abs=_BY_WORDS)]))
_TIE = models.MultExpression(mult=[TIE, _BY_MEANING])
_PADDED = models.FormulaQuery(formula=models.SumExpression(sum=[_LOGARITHM, _TIE]), defaults=MISSING)


def search_arguments(query: Query, vector: Vectors | None, bm25: Bm25) -> dict[str, Any]:
    """Arguments of `query_points`; `vector` is the checked one, None for BM25 alone."""
    shared = {"limit": query.limit, "with_payload": True}
    if vector is not None and query.mode == "hybrid":
        return {"query": _final(query), "prefetch": [_fused(query, vector, bm25)], **shared}
    found = searched(_DIALECT, query.store_id, query.filter)
    if vector is not None:
        return {"query": vector.tolist(), "using": DENSE, "query_filter": found, **shared}
    words = sparse(bm25.question(query.text))
    return {"query": words, "using": BM25, "query_filter": found, "search_params": _idf(query), **shared}


def sparse(vector: edge.SparseVector) -> models.SparseVector:
    """A sparse vector as the client takes it."""
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values))


def _final(query: Query) -> models.FormulaQuery:
    elsewhere = foreign(_DIALECT, comparable_scripts(query.text))
    bonus = models.MultExpression(mult=[FOREIGN_BONUS, elsewhere])
    return models.FormulaQuery(formula=models.SumExpression(sum=[_SCORE, bonus]))


def _fused(query: Query, vector: Vectors, bm25: Bm25) -> models.Prefetch:
    lists = _lists(query, vector, bm25)
    return models.Prefetch(query=models.FusionQuery(fusion=models.Fusion.DBSF), prefetch=lists, limit=2 * depth(query))


def _lists(query: Query, vector: Vectors, bm25: Bm25) -> list[models.Prefetch]:
    most = depth(query)
    everywhere = searched(_DIALECT, query.store_id, query.filter)
    comparable = searched(_DIALECT, query.store_id, query.filter, comparable_scripts(query.text))
    words = sparse(bm25.question(query.text))
    by_words = models.Prefetch(query=words, using=BM25, filter=comparable, params=_idf(query), limit=most)
    by_meaning = models.Prefetch(query=vector.tolist(), using=DENSE, filter=everywhere, limit=most)
    padded = models.Prefetch(query=_PADDED, prefetch=[by_words, by_meaning], filter=comparable, limit=most)
    return [by_meaning, padded]


def _idf(query: Query) -> models.SearchParams:
    # Servers that do not know this yet count how rare words are in the whole collection instead.
    return models.SearchParams(idf=models.IdfCorpusParams(corpus=scope(_DIALECT, query.store_id)))
