"""Whether a question in one language finds the page that says it in another. See README.md.

Takes two folders with the same pages in two languages, each page a Markdown file of the same name in both. The title of
a page is the question; the page of that name in the other language ought to be found: among pages of that language
alone, and among those of both, where the question's own page is left out of the ranking.
"""

import argparse
import math
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.processes import service
from benchmarks.reporting import show

_CHARACTERS = 1_500
"""Of a page; its beginning says what it is about, and embedding all of it would take an hour."""
_LIMIT = 50
_FIRST = 8
"""Passages of an answer."""
_ANCHOR = re.compile(r"\s*\{\s*#[^}]*\}")
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)
_MODES = ("hybrid", "dense", "bm25")
_EMBEDDED: Mapping[str, str] = {
    "OPENAI_BASE_URL": "",
    "OPENAI_API_KEY": "",
    "FOOTNOTE_UPSTREAM_EMBEDDING_MODEL": "local",
}


@dataclass(frozen=True, slots=True)
class Page:
    """A page in one of the languages."""

    name: str
    language: str
    text: str

    @property
    def filename(self) -> str:
        """The name it is uploaded under."""
        return f"{self.language}--{self.name.replace('/', '--')}"

    @property
    def title(self) -> str:
        """Its first heading; empty where it has none."""
        found = _TITLE.search(self.text)
        return found[1].strip(" *`") if found else ""


def read(folders: Sequence[Path], most: int) -> Sequence[Sequence[Page]]:
    """The pages that both folders hold under one name and with titles in different words, in the order of names."""
    names = sorted(set.intersection(*({str(path.relative_to(one)) for path in one.rglob("*.md")} for one in folders)))
    both = [[_page(folder, name) for name in names] for folder in folders]
    kept = [pair for pair in zip(*both, strict=True) if all(page.title for page in pair) and _differ(pair)][:most]
    return [[pair[side] for pair in kept] for side in range(len(folders))]


def _differ(pair: Sequence[Page]) -> bool:
    return pair[0].title.casefold() != pair[1].title.casefold()


def _page(folder: Path, name: str) -> Page:
    text = _ANCHOR.sub("", (folder / name).read_text(encoding="utf-8"))
    return Page(name, folder.name, text[:_CHARACTERS])


def measure(folders: Sequence[Path], most: int) -> Sequence[Mapping[str, Any]]:
    """A row for each direction, store and mode."""
    first, second = read(folders, most)
    with tempfile.TemporaryDirectory() as data, service(Path(data) / "data", "", dict(_EMBEDDED)) as running:
        for store, pages in (("first", first), ("second", second), ("both", [*first, *second])):
            _fill(running.http, store, pages)
        return list(_rows(running.http, first, second))


def _fill(http: httpx.Client, store: str, pages: Sequence[Page]) -> None:
    http.post("/stores", json={"name": store}).raise_for_status()
    files = [("file", (page.filename, page.text.encode())) for page in pages]
    http.post("/documents", data={"store": store}, files=files).raise_for_status()
    while True:
        totals = http.get("/jobs", params={"store": store, "limit": 1}).raise_for_status().json()["totals"]
        if totals["failed"]:
            message = "a page could not be read"
            raise RuntimeError(message)
        if totals["completed"] == totals["total"]:
            return
        time.sleep(1)


def _rows(http: httpx.Client, first: Sequence[Page], second: Sequence[Page]) -> Iterator[Mapping[str, Any]]:
    for asked, wanted, alone in ((first, second, "second"), (second, first, "first")):
        for store in (alone, "both"):
            for mode in _MODES:
                ranks = [_rank(http, store, mode, one, other) for one, other in zip(asked, wanted, strict=True)]
                yield {
                    "question": asked[0].language,
                    "page": wanted[0].language,
                    "store": wanted[0].language if store == alone else "both",
                    "mode": mode,
                    "questions": len(ranks),
                    "ndcg@10": sum(1 / math.log2(rank + 1) for rank in ranks if rank and rank <= 10) / len(ranks),
                    f"first {_FIRST}": sum(1 for rank in ranks if rank and rank <= _FIRST) / len(ranks),
                }


def _rank(http: httpx.Client, store: str, mode: str, asked: Page, wanted: Page) -> int | None:
    """Place of the page among the pages found, from 1; None where it is not."""
    query = {"query": asked.title, "store": store, "mode": mode, "limit": _LIMIT}
    hits = http.post("/search", json=query).raise_for_status().json()["data"]
    found = list(dict.fromkeys(hit["filename"] for hit in hits if hit["filename"] != asked.filename))
    return found.index(wanted.filename) + 1 if wanted.filename in found else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="benchmarks.crosslingual", description=__doc__)
    parser.add_argument("folders", nargs=2, type=Path, metavar="FOLDER", help="the same pages in two languages")
    parser.add_argument("--pages", type=int, default=40, help="pages at most (40)")
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    given = parser.parse_args(arguments)
    rows = measure(given.folders, given.pages)
    show("nDCG@10, and how often the page is among the first", {"rows": rows}, rows, as_json=given.json)


if __name__ == "__main__":
    main()
