"""Filters on attributes, on every engine."""

import random
from collections.abc import Mapping, Sequence

import pytest

from tests.vectorstore.chunks import make_chunks, matching, texts_of, unit_vectors, write_documents
from tests.vectorstore.conftest import BM25_ONLY, DENSE
from vectorstore import AttributeValue, Combine, Compare, Filter, InvalidFilterError, Query, VectorStore

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Payload indexes have no effect")]

DOCUMENTS: Mapping[str, Mapping[str, AttributeValue]] = {
    "text": {"kind": "report", "mixed": "1"},
    "integer": {"kind": "memo", "year": 2023, "mixed": 1},
    "float": {"kind": "memo", "year": 2023.5, "mixed": 1.5},
    "true": {"year": 2025, "mixed": True, "final": True},
    "false": {"mixed": False, "final": False},
    "nothing": {},
}


@pytest.mark.parametrize(
    ("restriction", "expected"),
    [
        (Compare("kind", "eq", "memo"), {"integer", "float"}),
        (Compare("kind", "ne", "memo"), {"text", "true", "false", "nothing"}),
        (Compare("kind", "in", ["memo", "report"]), {"text", "integer", "float"}),
        (Compare("kind", "nin", ["memo"]), {"text", "true", "false", "nothing"}),
        (Compare("kind", "in", []), set()),
        (Compare("kind", "nin", []), set(DOCUMENTS)),
        (Compare("year", "eq", 2023), {"integer"}),
        (Compare("year", "eq", 2023.0), {"integer"}),
        (Compare("year", "eq", 2023.5), {"float"}),
        (Compare("year", "gt", 2023), {"float", "true"}),
        (Compare("year", "gte", 2023), {"integer", "float", "true"}),
        (Compare("year", "lt", 2023.5), {"integer"}),
        (Compare("year", "lte", 2023.5), {"integer", "float"}),
        (Compare("year", "in", [2023, 2025]), {"integer", "true"}),
        (Compare("mixed", "eq", 1), {"integer"}),
        (Compare("mixed", "eq", "1"), {"text"}),
        (Compare("mixed", "eq", True), {"true"}),
        (Compare("mixed", "eq", False), {"false"}),
        (Compare("mixed", "ne", True), set(DOCUMENTS) - {"true"}),
        (Compare("mixed", "gte", 0), {"integer", "float"}),
        (Compare("mixed", "in", ["1", True, 1.5]), {"text", "true", "float"}),
        (Compare("mixed", "nin", ["1", True, 1.5]), {"integer", "false", "nothing"}),
        (Compare("final", "eq", "true"), set()),
        (Compare("absent", "eq", "x"), set()),
        (Compare("absent", "ne", "x"), set(DOCUMENTS)),
        (Compare("absent", "gt", 0), set()),
        (Combine("and", [Compare("kind", "eq", "memo"), Compare("year", "gt", 2023)]), {"float"}),
        (Combine("or", [Compare("kind", "eq", "report"), Compare("final", "eq", True)]), {"text", "true"}),
        (Combine("and", []), set(DOCUMENTS)),
        (Combine("or", []), set()),
        (
            Combine(
                "and",
                [
                    Combine("or", [Compare("kind", "eq", "memo"), Compare("final", "eq", False)]),
                    Combine("or", [Compare("mixed", "lt", 1.2), Compare("year", "ne", 2023.5)]),
                ],
            ),
            {"integer", "false"},
        ),
    ],
    ids=lambda value: str(sorted(value) if isinstance(value, set) else value),
)
async def test_a_filter_lets_through(
    store: VectorStore, store_id: str, restriction: Filter, expected: set[str]
) -> None:
    await write_documents(store, BM25_ONLY, store_id, DOCUMENTS)
    assert await matching(store, BM25_ONLY, store_id, restriction) == expected


async def test_random_filters_mean_what_plain_python_says(store: VectorStore, store_id: str) -> None:
    chance = random.Random(7)
    documents = {f"file-{n}": random_attributes(chance) for n in range(40)}
    await write_documents(store, BM25_ONLY, store_id, documents)
    for _ in range(60):
        restriction = random_filter(chance, depth=2)
        expected = {name for name, attributes in documents.items() if passes(restriction, attributes)}
        assert await matching(store, BM25_ONLY, store_id, restriction) == expected, restriction


@pytest.mark.parametrize(
    "key", ["a.b", 'q"q', "b[0]", "b[]", "two words", "中文", "back\\slash", "it's", "%22", "\n", "é" * 64, "-", "."]
)
async def test_any_attribute_key_can_be_filtered_on(store: VectorStore, store_id: str, key: str) -> None:
    documents = {"right": {key: "v", "other": "x"}, "wrong": {"other": "v", "a": "v", "b": "v", "q": "v"}}
    await write_documents(store, BM25_ONLY, store_id, documents)
    assert await matching(store, BM25_ONLY, store_id, Compare(key, "eq", "v")) == {"right"}


async def test_a_filter_holds_in_every_mode(store: VectorStore, store_id: str) -> None:
    await write_documents(store, DENSE, store_id, {"yes": {"ok": True}, "no": {"ok": False}})
    for mode in ("hybrid", "dense", "bm25"):
        query = Query(store_id, "passage no", unit_vectors(2)[1], mode=mode, filter=Compare("ok", "eq", True))
        assert texts_of(await store.query(DENSE, query)) == ["passage yes"]


@pytest.mark.parametrize(
    "restriction",
    [
        Compare("a", "gt", "2024"),
        Compare("a", "lte", True),
        Compare("a", "in", "text"),
        Compare("a", "eq", ["x"]),
        Combine("and", [Compare("a", "gte", ["x"])]),
    ],
    ids=str,
)
async def test_a_filter_without_meaning_is_refused(store: VectorStore, store_id: str, restriction: Filter) -> None:
    await store.upsert(BM25_ONLY, make_chunks(store_id, ["words"]), None)
    with pytest.raises(InvalidFilterError):
        await store.query(BM25_ONLY, Query(store_id, "words", filter=restriction))


def random_value(chance: random.Random) -> AttributeValue:
    values: list[AttributeValue] = ["x", "y", "1", "true", 0, 1, 1.0, 2.5, -3, True, False]
    return chance.choice(values)


def random_attributes(chance: random.Random) -> dict[str, AttributeValue]:
    return {key: random_value(chance) for key in ("a", "b", "c d") if chance.random() < 0.8}


def random_filter(chance: random.Random, depth: int) -> Filter:
    if depth and chance.random() < 0.6:
        parts = [random_filter(chance, depth - 1) for _ in range(chance.randrange(4))]
        return Combine("and" if chance.random() < 0.5 else "or", parts)
    key = chance.choice(["a", "b", "c d"])
    kind = chance.randrange(3)
    if kind == 0:
        return Compare(key, "eq" if chance.random() < 0.5 else "ne", random_value(chance))
    if kind == 1:
        values = [random_value(chance) for _ in range(chance.randrange(4))]
        return Compare(key, "in" if chance.random() < 0.5 else "nin", values)
    number = chance.choice([0, 1, 2.5])
    orders: list[Compare] = [Compare(key, "gt", number), Compare(key, "gte", number)]
    orders += [Compare(key, "lt", number), Compare(key, "lte", number)]
    return chance.choice(orders)


def passes(restriction: Filter, attributes: Mapping[str, AttributeValue]) -> bool:
    """What `vectorstore.filters` promises, in plain Python."""
    if isinstance(restriction, Combine):
        return (all if restriction.op == "and" else any)(passes(part, attributes) for part in restriction.filters)
    value, present = attributes.get(restriction.key), restriction.key in attributes
    wanted = restriction.value
    if restriction.op in {"eq", "ne", "in", "nin"}:
        options = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else [wanted]
        found = present and any(same(value, option) for option in options)
        return found if restriction.op in {"eq", "in"} else not found
    if isinstance(value, str | bool | None):
        return False
    assert isinstance(wanted, int | float)
    return {"gt": value > wanted, "gte": value >= wanted, "lt": value < wanted, "lte": value <= wanted}[restriction.op]


def same(left: AttributeValue | None, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool) or isinstance(left, str) or isinstance(right, str):
        return type(left) is type(right) and left == right
    return left == right
