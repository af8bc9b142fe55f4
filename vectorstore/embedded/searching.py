"""A question in the words of the embedded engine."""

from typing import cast

import qdrant_edge as edge

from vectorstore.conditions import foreign, searched
from vectorstore.embedded.dialect import EdgeDialect
from vectorstore.embedded.layout import BM25, DENSE
from vectorstore.fusion import FOREIGN_BONUS, MISSING, TIE, depth
from vectorstore.interface import Query, Vectors
from vectorstore.scripts import comparable_scripts

_RESCORED = edge.SearchParams(quantization=edge.QuantizationSearchParams(rescore=True, oversampling=2.0))
"""Quantized vectors pick twice as many candidates as asked for; the full vectors rank them."""
_DIALECT = EdgeDialect()
_FUSION = cast("edge.Query", edge.Fusion.Dbsf())  # the stub forgets the base class
_SCORE = edge.Expression.Variable("$score")
_BY_WORDS, _BY_MEANING = (edge.Expression.Variable(name) for name in MISSING)
_LOGARITHM = edge.Expression.Ln(edge.Expression.Sum([edge.Expression.Constant(1.0), edge.Expression.Abs(_BY_WORDS)]))
_TIE = edge.Expression.Mult([edge.Expression.Constant(TIE), _BY_MEANING])
_PADDED = edge.Formula(edge.Expression.Sum([_LOGARITHM, _TIE]), MISSING)


def search_request(
    query: Query, vector: Vectors | None, words: edge.SparseVector, idf: edge.SearchParams | None
) -> edge.QueryRequest:
    """The request; `words` are the question's for BM25, and `idf` says among which chunks they are rare."""
    if vector is not None and query.mode == "hybrid":
        return _hybrid(query, vector, words, idf)
    found = searched(_DIALECT, query.store_id, query.filter)
    if vector is not None:
        dense = edge.Query.Nearest(vector.tolist(), using=DENSE)
        return edge.QueryRequest(limit=query.limit, query=dense, filter=found, params=_RESCORED, with_payload=True)
    sparse = edge.Query.Nearest(words, using=BM25)
    return edge.QueryRequest(limit=query.limit, query=sparse, filter=found, params=idf, with_payload=True)


def _hybrid(
    query: Query, vector: Vectors, words: edge.SparseVector, idf: edge.SearchParams | None
) -> edge.QueryRequest:
    lists = _lists(query, vector, words, idf)
    fused = edge.Prefetch(limit=2 * depth(query), query=_FUSION, prefetches=lists)
    elsewhere = edge.Expression.Condition(foreign(_DIALECT, comparable_scripts(query.text)))
    bonus = edge.Expression.Mult([edge.Expression.Constant(FOREIGN_BONUS), elsewhere])
    final = edge.Formula(edge.Expression.Sum([_SCORE, bonus]))
    return edge.QueryRequest(limit=query.limit, query=final, prefetches=[fused], with_payload=True)


def _lists(
    query: Query, vector: Vectors, words: edge.SparseVector, idf: edge.SearchParams | None
) -> list[edge.Prefetch]:
    everywhere = searched(_DIALECT, query.store_id, query.filter)
    comparable = searched(_DIALECT, query.store_id, query.filter, comparable_scripts(query.text))
    nearest, most = edge.Query.Nearest(vector.tolist(), using=DENSE), depth(query)
    dense = edge.Prefetch(limit=most, query=nearest, filter=everywhere, params=_RESCORED)
    sparse = edge.Prefetch(limit=most, query=edge.Query.Nearest(words, using=BM25), filter=comparable, params=idf)
    return [dense, edge.Prefetch(limit=most, query=_PADDED, prefetches=[sparse, dense], filter=comparable)]
