"""What a search costs above the engine's own hybrid query on the same data. See README.md."""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import qdrant_edge as edge

from api.services import Services, open_services
from benchmarks.cpu import when_idle
from benchmarks.processes import Service, environment, service, upstream
from benchmarks.prose import Writer
from benchmarks.reporting import show
from ingest.collections import collection_of
from records import stores
from records.stores import Store
from search import Request
from settings import load_settings
from vectorstore import Query
from vectorstore.bm25 import AVERAGE_WORDS, readable

_STORE = "measured"
_LIMIT, _CANDIDATES = 10, 100
"""Footnote's defaults, for the raw engine."""
_DOCUMENTS_AT_ONCE = 16
_PARAGRAPHS = 64
"""In one document: some twenty chunks."""
_LOGARITHM = edge.Formula(
    edge.Expression.Ln(edge.Expression.Sum([edge.Expression.Constant(1.0), edge.Expression.Variable("$score")]))
)
_POLL_SECONDS = 0.25
_WARM_UP_QUESTIONS = 20

Ask = Callable[[str], Awaitable[list[str]]]
"""Asks one question; gives the texts of the hits."""


@dataclass(slots=True)
class Timed:
    """How long one way of asking took, question by question."""

    milliseconds: list[float] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """The time within which so many of a hundred questions were answered."""
        return statistics.quantiles(self.milliseconds, n=100, method="inclusive")[percent - 1]


class Raw:
    """`qdrant_edge` on a copy of the shard, in this process: the least that a hybrid query can cost."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._shard = edge.EdgeShard.load(str(folder))
        self._words = edge.Bm25(
            edge.Bm25Config(avg_len=AVERAGE_WORDS, tokenizer=edge.TokenizerType.Multilingual, language="english")
        )
        condition = edge.FieldCondition("store_id", match=edge.MatchValue(store.id))
        self._own = edge.Filter(must=[condition])
        self.chunks = self._shard.count(edge.CountRequest(filter=self._own))

    def query(self, question: str, vector: Sequence[float]) -> list[str]:
        """The texts of the hits."""
        words = edge.Query.Nearest(self._words.embed_query(readable(question)), using="bm25")
        dense = edge.Query.Nearest(list(vector), using="dense")
        lists = [edge.Prefetch(limit=_CANDIDATES, query=query, filter=self._own) for query in (dense, words)]
        lists[1] = edge.Prefetch(limit=_CANDIDATES, query=_LOGARITHM, prefetches=[lists[1]])
        fusion = edge.Fusion.Dbsf()
        request = edge.QueryRequest(
            limit=_LIMIT,
            query=fusion,  # type: ignore[arg-type] # the stub forgets the base class
            prefetches=lists,
            with_payload=True,
        )
        return [(point.payload or {})["text"] for point in self._shard.query(request)]


def measure(*, chunks: int, questions: int, dimensions: int, latency_ms: float = 0.0) -> dict[str, Any]:
    """Fill a service, then put every question to each way of asking in turn, on copies of the same data."""
    with tempfile.TemporaryDirectory(prefix="footnote-benchmark-") as data:
        served, opened, bare = (Path(data) / name for name in ("served", "opened", "bare"))
        with upstream(dimensions, 0) as remote, service(served, remote.base_url) as running:
            _fill(running, chunks)
            when_idle(running.pid)
        for copy in (opened, bare):
            shutil.copytree(served, copy)
        with upstream(dimensions, latency_ms) as remote, service(served, remote.base_url) as running:
            return asyncio.run(_compare(running, opened, bare, remote.base_url, questions))


def _fill(running: Service, chunks: int) -> None:
    running.http.post("/stores", json={"name": _STORE}).raise_for_status()
    held = number = 0
    while held < chunks:
        count = min(_DOCUMENTS_AT_ONCE, 1 + (chunks - held) // _PARAGRAPHS)
        files = [("file", (f"{number + i}.txt", _document(number + i))) for i in range(count)]
        added = running.http.post("/documents", data={"store": _STORE}, files=files).raise_for_status().json()["data"]
        held += sum(_chunks(running.http, document["id"]) for document in added)
        number += len(files)


def _document(seed: int) -> bytes:
    write = Writer(seed)
    return "\n\n".join(write.paragraph() for _ in range(_PARAGRAPHS)).encode()


def _chunks(http: httpx.Client, document_id: str) -> int:
    while (document := http.get(f"/documents/{document_id}").raise_for_status().json())["status"] != "completed":
        assert document["status"] != "failed", document["error"]
        time.sleep(_POLL_SECONDS)
    return int(document["chunks"])


async def _compare(running: Service, opened: Path, bare: Path, base_url: str, questions: int) -> dict[str, Any]:
    settings = load_settings(environment(opened, base_url))
    async with open_services(settings) as services, httpx.AsyncClient(base_url=running.http.base_url) as http:
        store = await services.records.database.read(lambda c: stores.find(c, _STORE))
        assert store is not None
        raw = Raw(_shard_folder(bare), store)
        ways = _ways(http, services, store, raw)
        write = Writer(0)
        for _ in range(_WARM_UP_QUESTIONS):
            await _put(write.question(), ways)
        timed = {name: Timed() for name in ways}
        shared = [await _put(write.question(), ways, timed) for _ in range(questions)]
    return _report(timed, chunks=raw.chunks, questions=questions, shared_hits=round(statistics.mean(shared), 3))


def _shard_folder(data: Path) -> Path:
    (pointer,) = (data / "vectors").glob("*/collection.json")
    return pointer.parent / str(json.loads(pointer.read_text())["generation"]["folder_name"])


def _ways(http: httpx.AsyncClient, services: Services, store: Store, raw: Raw) -> Mapping[str, Ask]:
    embedder = services.upstream.embedder(store.embedding_model)
    assert embedder is not None
    vectors: dict[str, Any] = {}

    async def embedding(question: str) -> list[str]:
        vectors[question] = await embedder.embed_question(question)
        return []

    async def engine(question: str) -> list[str]:
        return raw.query(question, vectors[question].tolist())

    async def vector_store(question: str) -> list[str]:
        query = Query(store.id, question, vectors[question], limit=_LIMIT, candidates=_CANDIDATES)
        return [hit.chunk.text for hit in await services.vectors.query(collection_of(store), query)]

    async def searcher(question: str) -> list[str]:
        return [hit.chunk.text for hit in await services.searcher.search(Request(store, question, _LIMIT))]

    async def over_http(question: str) -> list[str]:
        answer = await http.post("/search", json={"query": question, "store": _STORE, "limit": _LIMIT})
        return [hit["text"] for hit in answer.raise_for_status().json()["data"]]

    return {
        "embedding call": embedding,
        "raw engine": engine,
        "VectorStore.query": vector_store,
        "Searcher.search": searcher,
        "POST /search": over_http,
    }


async def _put(question: str, ways: Mapping[str, Ask], timed: Mapping[str, Timed] | None = None) -> float:
    """Ask in every way; the share of the raw engine's hits that all the others have too."""
    answers: dict[str, list[str]] = {}
    for name, ask in ways.items():
        began = time.perf_counter()
        answers[name] = await ask(question)
        if timed is not None:
            timed[name].milliseconds.append((time.perf_counter() - began) * 1_000)
    del answers["embedding call"]
    common = set.intersection(*(set(answer) for answer in answers.values()))
    return len(common) / max(1, len(answers["raw engine"]))


def _report(timed: Mapping[str, Timed], *, chunks: int, questions: int, shared_hits: float) -> dict[str, Any]:
    raw = timed["raw engine"]
    least = raw.percentile(50) + timed["embedding call"].percentile(50)
    rows = [
        {
            "way": name,
            "p50 ms": round(way.percentile(50), 3),
            "p95 ms": round(way.percentile(95), 3),
            "p50 / raw": round(way.percentile(50) / raw.percentile(50), 2),
            "p95 / raw": round(way.percentile(95) / raw.percentile(95), 2),
            "p50 / (raw + call)": round(way.percentile(50) / least, 2),
        }
        for name, way in timed.items()
    ]
    return {"chunks": chunks, "questions": questions, "shared_hits": shared_hits, "ways": rows}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--chunks", type=int, default=10_000, help="chunks in the store, at least")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--dimensions", type=int, default=1536, help="length of the vectors")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="of an embedding call, once the store is filled")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report = measure(
        chunks=options.chunks,
        questions=options.questions,
        dimensions=options.dimensions,
        latency_ms=options.latency_ms,
    )
    title = f"{report['chunks']:,} chunks, {report['questions']} questions, {report['shared_hits']:.0%} of hits shared"
    show(title, report, report["ways"], as_json=options.json)


if __name__ == "__main__":
    main()
