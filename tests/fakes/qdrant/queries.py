"""Questions of a request in the engine's words."""

from collections.abc import Sequence

import qdrant_edge as edge
from qdrant_client import models

from tests.fakes.qdrant.conditions import filter_of
from tests.fakes.qdrant.refusals import UnknownError

_LIMIT = 10
"""Qdrant's own, for a request that names none."""


def query_of(given: models.QueryRequest) -> edge.QueryRequest:
    """A question with its prefetches."""
    return edge.QueryRequest(
        limit=given.limit or _LIMIT,
        offset=given.offset or 0,
        query=_scoring(given.query, given.using),
        prefetches=_prefetches(given.prefetch),
        filter=filter_of(given.filter),
        params=_params(given.params),
        score_threshold=given.score_threshold,
        with_payload=payload_wanted(given.with_payload),
        with_vector=given.with_vector or False,
    )


def payload_wanted(given: models.WithPayloadInterface | None, default: bool = False) -> bool | list[str]:
    """Which parts of payloads to answer with; Qdrant's default depends on the endpoint."""
    if given is None:
        return default
    if isinstance(given, models.PayloadSelectorInclude | models.PayloadSelectorExclude):
        raise UnknownError(given)
    return given


def _prefetches(given: Sequence[models.Prefetch] | models.Prefetch | None) -> list[edge.Prefetch]:
    if given is None:
        return []
    return [_prefetch(each) for each in (given if isinstance(given, Sequence) else [given])]


def _prefetch(given: models.Prefetch) -> edge.Prefetch:
    return edge.Prefetch(
        limit=given.limit or _LIMIT,
        query=_scoring(given.query, given.using),
        prefetches=_prefetches(given.prefetch),
        filter=filter_of(given.filter),
        params=_params(given.params),
        score_threshold=given.score_threshold,
    )


def _scoring(given: models.QueryInterface | None, using: str | None) -> "edge.ScoringQueryType | None":
    match given:
        case None:
            return None
        case models.FusionQuery(fusion=models.Fusion.DBSF):
            return edge.Fusion.Dbsf()  # type: ignore[return-value] # the stub forgets the base class
        case models.FormulaQuery(formula=formula, defaults=defaults):
            return edge.Formula(_expression(formula), defaults)
        case models.NearestQuery(nearest=nearest, mmr=None):
            return _nearest(nearest, using)
    return _nearest(given, using)


def _expression(given: object) -> edge.Expression:
    match given:
        case float() | int():
            found = edge.Expression.Constant(float(given))
        case str():
            found = edge.Expression.Variable(given)
        case models.SumExpression(sum=parts):
            found = edge.Expression.Sum([_expression(part) for part in parts])
        case models.MultExpression(mult=parts):
            found = edge.Expression.Mult([_expression(part) for part in parts])
        case models.AbsExpression(abs=part):
            found = edge.Expression.Abs(_expression(part))
        case models.LnExpression(ln=part):
            found = edge.Expression.Ln(_expression(part))
        case models.Filter():
            found = edge.Expression.Condition(filter_of(given) or edge.Filter())
        case _:
            raise UnknownError(given)
    return found


def _nearest(given: object, using: str | None) -> edge.Query:
    if isinstance(given, models.SparseVector):
        return edge.Query.Nearest(edge.SparseVector(given.indices, given.values), using=using)
    if isinstance(given, list) and all(isinstance(value, float) for value in given):
        return edge.Query.Nearest(given, using=using)
    raise UnknownError(given)


def _params(given: models.SearchParams | None) -> edge.SearchParams | None:
    # What else there is to set trades speed for exactness; the stand-in is always exact.
    corpus = given.idf.corpus if given and isinstance(given.idf, models.IdfCorpusParams) else None
    return edge.SearchParams(idf=edge.IdfParams(corpus=filter_of(corpus))) if corpus else None
