"""Searching, on every engine."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tests.vectorstore.chunks import make_chunk, make_chunks, texts_of, unit_vectors
from tests.vectorstore.conftest import BM25_ONLY, DENSE
from vectorstore import Collection, Hit, InvalidVectorError, Query, Vectors, VectorStore

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Payload indexes have no effect")]

TEXTS = ["apples grow on trees", "pears grow on trees", "cars need petrol", "trains need tracks"]


def scores_of(hits: Sequence[Hit]) -> Vectors:
    return np.array([hit.score for hit in hits])


async def test_bm25_ranks_by_shared_words(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, make_chunks(store_id, TEXTS), unit_vectors(4))
    hits = await store.query(DENSE, Query(store_id, "Do apple trees grow?", mode="bm25"))
    assert texts_of(hits) == ["apples grow on trees", "pears grow on trees"]
    assert hits[0].score > hits[1].score > 0


async def test_dense_ranks_by_cosine(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, make_chunks(store_id, TEXTS), unit_vectors(4) * 7)
    vector = np.array([0.0, 3.0, 4.0, 0.0], dtype=np.float32)
    hits = await store.query(DENSE, Query(store_id, "apples", vector, mode="dense", limit=2))
    assert texts_of(hits) == ["cars need petrol", "pears grow on trees"]
    assert [hit.score for hit in hits] == pytest.approx([0.8, 0.6], abs=1e-5)


async def test_hybrid_adds_up_how_far_a_hit_is_above_the_others_of_each_list(store: VectorStore, store_id: str) -> None:
    texts = ["pears and pears grow", "a pear tree", "cars need petrol", "trains need tracks", "pears, cars and trains"]
    await store.upsert(DENSE, make_chunks(store_id, texts), unit_vectors(4)[[0, 1, 2, 3, 1]])
    vector = np.array([0.1, 0.9, 0.3, 0.2], dtype=np.float32)
    query = Query(store_id, "Which pears?", vector, limit=5)
    dense, bm25 = [await store.query(DENSE, replace(query, mode=mode)) for mode in ("dense", "bm25")]
    by_words = dict.fromkeys(texts, 0.0) | dict(zip(texts_of(bm25), np.log1p(scores_of(bm25)), strict=True))
    lists = np.array([[hit.score for hit in dense], [by_words[text] for text in texts_of(dense)]])
    values = (lists - lists.mean(axis=1, keepdims=True)) / (6 * lists.std(axis=1, ddof=1, keepdims=True)) + 0.5
    expected = dict(zip(texts_of(dense), values.sum(axis=0).tolist(), strict=True))
    fused = await store.query(DENSE, query)
    assert {hit.chunk.text: hit.score for hit in fused} == pytest.approx(expected, abs=1e-5)
    assert texts_of(fused) == sorted(expected, key=lambda text: -expected[text])


async def test_the_only_text_with_a_rare_word_comes_first_however_far_its_meaning(
    store: VectorStore, store_id: str
) -> None:
    texts = [*(f"Part {number} is out of stock." for number in range(40)), "XK-4711 weighs two kilograms."]
    angles = np.linspace(0, np.pi / 3, len(texts), dtype=np.float32)
    vectors = np.stack([np.cos(angles), np.sin(angles), 0 * angles, 0 * angles], axis=1)
    await store.upsert(DENSE, make_chunks(store_id, texts), vectors)
    query = Query(store_id, "xk-4711", unit_vectors(1)[0])
    assert texts[-1] not in texts_of(await store.query(DENSE, replace(query, mode="dense")))
    assert texts_of(await store.query(DENSE, query))[0] == texts[-1]


async def test_a_text_in_another_script_is_not_put_behind_for_words_it_cannot_share(
    store: VectorStore, store_id: str
) -> None:
    texts = ["梨树怎么修剪", "How pear trees are pruned.", "Cars need petrol.", "汽车需要汽油"]
    await store.upsert(DENSE, make_chunks(store_id, texts), unit_vectors(4))
    vector = np.array([0.8, 0.9, 0.1, 0.2], dtype=np.float32)
    hits = await store.query(DENSE, Query(store_id, "梨树", vector))
    assert set(texts_of(hits[:2])) == set(texts[:2])
    assert hits[1].score > hits[2].score + 0.25


async def test_without_a_vector_hybrid_is_bm25(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, make_chunks(store_id, TEXTS), unit_vectors(4))
    hits = await store.query(DENSE, Query(store_id, "petrol"))
    assert texts_of(hits) == ["cars need petrol"]


async def test_a_collection_without_vectors_is_searched_by_words(store: VectorStore, store_id: str) -> None:
    await store.upsert(BM25_ONLY, make_chunks(store_id, TEXTS), None)
    assert texts_of(await store.query(BM25_ONLY, Query(store_id, "tracks"))) == ["trains need tracks"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("知识图谱怎么构建", "知识图谱的构建方法"),
        ("缓存", "分布式缓存的一致性"),
        ("ＧＰＵ １２８", "配备GPU 128个"),
    ],
)
async def test_chinese_is_found_by_its_words(store: VectorStore, store_id: str, question: str, expected: str) -> None:
    texts = ["知识图谱的构建方法", "分布式缓存的一致性", "配备GPU 128个", "今天天气很好"]
    await store.upsert(BM25_ONLY, make_chunks(store_id, texts), None)
    assert texts_of(await store.query(BM25_ONLY, Query(store_id, question)))[0] == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("头发干燥", "頭髮乾燥怎麼辦"),
        ("資料庫備份", "资料库备份的方法"),
        ("臺灣", "台湾的面积"),
        ("東京", "東京タワーの高さ"),
    ],
)
async def test_simplified_and_traditional_chinese_meet(
    store: VectorStore, store_id: str, question: str, expected: str
) -> None:
    texts = ["頭髮乾燥怎麼辦", "资料库备份的方法", "台湾的面积", "東京タワーの高さ"]
    await store.upsert(BM25_ONLY, make_chunks(store_id, texts), None)
    assert texts_of(await store.query(BM25_ONLY, Query(store_id, question))) == [expected]


async def test_accents_and_case_and_endings_do_not_matter(store: VectorStore, store_id: str) -> None:
    await store.upsert(BM25_ONLY, make_chunks(store_id, ["Cafés running late", "other"]), None)
    assert len(await store.query(BM25_ONLY, Query(store_id, "CAFE run"))) == 1


async def test_headings_are_searched_but_not_quoted(store: VectorStore, store_id: str) -> None:
    chunk = make_chunk(store_id, "It takes two days.", headings=("Shipping", "Delivery time"))
    await store.upsert(BM25_ONLY, [chunk], None)
    hits = await store.query(BM25_ONLY, Query(store_id, "delivery"))
    assert texts_of(hits) == ["It takes two days."]


async def test_stray_words_of_another_script_do_not_count_in_hybrid(store: VectorStore, store_id: str) -> None:
    texts = ["Release notes mention FastAPI in passing only", "Dependencies declare what a handler needs"]
    await store.upsert(DENSE, make_chunks(store_id, texts), unit_vectors(2))
    vector = np.array([0.0, 1.0, 0.0, 0.0], dtype=np.float32)
    question = "FastAPI 的依赖注入是什么"
    assert texts_of(await store.query(DENSE, Query(store_id, question, vector)))[0] == texts[1]
    assert texts_of(await store.query(DENSE, Query(store_id, question, vector, mode="bm25"))) == [texts[0]]


async def test_words_of_the_same_script_count_in_hybrid(store: VectorStore, store_id: str) -> None:
    texts = ["今天天气很好", "我们使用 FastAPI 的依赖注入", "明天下雨"]
    await store.upsert(DENSE, make_chunks(store_id, texts), unit_vectors(3))
    vector = np.array([0.8, 0.7, 0.6, 0.0], dtype=np.float32)
    hits = await store.query(DENSE, Query(store_id, "FastAPI 依赖注入", vector))
    assert texts_of(hits)[0] == texts[1]


async def test_headings_count_for_the_script_too(store: VectorStore, store_id: str) -> None:
    chunk = make_chunk(store_id, "pip install fastapi", headings=("安装教程", "使用命令行"))
    others = [make_chunk(store_id, text, index=index) for index, text in enumerate(["天气", "日历", "地图"], start=1)]
    await store.upsert(DENSE, [chunk, *others], unit_vectors(4))
    vector = np.array([0.7, 0.8, 0.5, 0.3], dtype=np.float32)
    hits = await store.query(DENSE, Query(store_id, "怎么安装", vector))
    assert texts_of(hits)[0] == "pip install fastapi"


async def test_a_question_without_words_still_finds_by_its_vector(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, make_chunks(store_id, TEXTS), unit_vectors(4))
    hits = await store.query(DENSE, Query(store_id, "??", unit_vectors(1)[0], limit=1))
    assert texts_of(hits) == [TEXTS[0]]
    assert await store.query(DENSE, Query(store_id, "the", mode="bm25")) == []


async def test_a_question_in_digits_is_compared_with_every_script(store: VectorStore, store_id: str) -> None:
    texts = ["订单 4711 已发货", "order 4712 was sent", "订单很多", "an order of pears"]
    await store.upsert(DENSE, make_chunks(store_id, texts), unit_vectors(4))
    hits = await store.query(DENSE, Query(store_id, "4711", np.array([0.5, 0.6, 0.55, 0.1], dtype=np.float32)))
    assert texts_of(hits)[0] == texts[0]


async def test_a_store_never_sees_another_stores_chunks(store: VectorStore, store_id: str) -> None:
    other = f"{store_id}_other"
    await store.upsert(DENSE, make_chunks(store_id, ["shared secret"]), unit_vectors(1))
    await store.upsert(DENSE, make_chunks(other, ["shared plan", "shared idea"]), unit_vectors(2))
    for mode in ("hybrid", "dense", "bm25"):
        hits = await store.query(DENSE, Query(other, "shared secret", unit_vectors(1)[0], mode=mode))
        assert {hit.chunk.store_id for hit in hits} == {other}
    assert await store.count(DENSE, other) == 2


async def test_rare_words_are_rare_within_the_store(store: VectorStore, store_id: str) -> None:
    """Another store full of a word must not make it common here."""
    await store.upsert(BM25_ONLY, make_chunks(store_id, ["zebra", "donkey", "donkey again"]), None)
    before = await store.query(BM25_ONLY, Query(store_id, "zebra"))
    crowd = make_chunks(f"{store_id}_crowd", [f"zebra {n}" for n in range(50)])
    await store.upsert(BM25_ONLY, crowd, None)
    after = await store.query(BM25_ONLY, Query(store_id, "zebra"))
    assert after[0].score == pytest.approx(before[0].score)


async def test_limit_holds_and_exceeds_candidates(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, make_chunks(store_id, [f"word {n}" for n in range(12)]), unit_vectors(12))
    query = Query(store_id, "word", unit_vectors(1)[0], limit=7, candidates=2)
    assert len(await store.query(DENSE, query)) == 7


async def test_an_unknown_collection_has_no_hits(store: VectorStore) -> None:
    unknown = Collection("never-made", 4)
    assert await store.query(unknown, Query("vs_1", "words", unit_vectors(1)[0])) == []
    assert await store.count(unknown, "vs_1") == 0
    await store.delete_store(unknown, "vs_1")
    await store.delete_document(unknown, "vs_1", "file-1")
    await store.set_attributes(unknown, "vs_1", "file-1", {"a": 1})


@pytest.mark.parametrize(
    "vector",
    [np.ones(3, dtype=np.float32), np.ones((1, 4), dtype=np.float32), np.full(4, np.nan, dtype=np.float32)],
    ids=["short", "matrix", "nan"],
)
async def test_a_question_with_a_wrong_vector_is_refused(
    store: VectorStore, store_id: str, vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> None:
    with pytest.raises(InvalidVectorError):
        await store.query(DENSE, Query(store_id, "words", vector))


async def test_an_open_store_answers_checks(store: VectorStore) -> None:
    await store.check()
