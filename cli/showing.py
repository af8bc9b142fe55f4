"""Hits, answers and footnotes on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

Events = Iterator[tuple[str, Mapping[str, Any]]]


def show_hits(hits: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Hits, best first."""
    if not hits:
        console.print("Nothing found.")
    for number, hit in enumerate(hits, 1):
        console.print(f"[bold]{number}. {escape(_place(hit))}[/bold]  [dim]{hit['score']:.4f}[/dim]", soft_wrap=True)
        console.print(escape(" ".join(hit["text"].split())[:400]), style="dim", highlight=False, soft_wrap=True)


def show_answer(events: Events, console: Console) -> None:
    """The text as it comes, then its footnotes."""
    done: Mapping[str, Any] = {}
    for name, data in events:
        if name == "delta":
            console.print(escape(data["text"]), end="", highlight=False, soft_wrap=True)
        elif name == "done":
            done = data
    console.print("\n")
    if done.get("method") == "extractive" and done.get("citations"):
        console.print(
            "No chat model is set, so these are the best passages' own sentences. Set OPENAI_API_KEY or "
            "OPENAI_BASE_URL for written answers.\n",
            style="dim",
            highlight=False,
            soft_wrap=True,
        )
    show_footnotes(done.get("citations", []), console)


def show_footnotes(citations: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Document, page and exact quote of each footnote, each once."""
    seen = set()
    for citation in citations:
        key = citation["number"], citation["start"], citation["end"]
        if key not in seen:
            seen.add(key)
            console.print(
                f"[bold]\\[{citation['number']}][/bold] {escape(_place(citation))}", highlight=False, soft_wrap=True
            )
            console.print(
                f"    “{escape(' '.join(citation['quote'].split()))}”", style="italic", highlight=False, soft_wrap=True
            )


def _place(found: Mapping[str, Any]) -> str:
    page = f", page {found['page']}" if found["page"] is not None else ""
    section = f" — {' > '.join(found['headings'])}" if found["headings"] else ""
    return f"{found['filename']}{page}{section}"
