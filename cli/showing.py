"""Hits, answers and footnotes on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

Events = Iterator[tuple[str, Mapping[str, Any]]]


def show_hits(hits: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Hits, best first."""
    if not hits:
        _line(console, "Nothing found.")
    for number, hit in enumerate(hits, 1):
        _line(console, f"[bold]{number}. {escape(_place(hit))}[/bold]  [dim]{hit['score']:.4f}[/dim]")
        _line(console, escape(" ".join(hit["text"].split())[:400]), style="dim")


def show_answer(events: Events, console: Console) -> None:
    """The text as it comes, then its footnotes."""
    done: Mapping[str, Any] = {}
    for name, data in events:
        if name == "delta":
            console.print(escape(data["text"]), end="", highlight=False, soft_wrap=True)
        elif name == "done":
            done = data
    _line(console, "\n")
    if done.get("method") == "extractive" and done.get("citations"):
        _line(
            console,
            "No chat model is set, so these are the best passages' own sentences. Set OPENAI_API_KEY or "
            "OPENAI_BASE_URL for written answers.\n",
            style="dim",
        )
    show_footnotes(done.get("citations", []), console)


def show_footnotes(citations: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Document, page and exact quote of each footnote, each once."""
    seen = set()
    for citation in citations:
        key = citation["number"], citation["start"], citation["end"]
        if key not in seen:
            seen.add(key)
            _line(console, f"[bold]\\[{citation['number']}][/bold] {escape(_place(citation))}")
            _line(console, f"    “{escape(' '.join(citation['quote'].split()))}”", style="italic")


def _place(found: Mapping[str, Any]) -> str:
    page = f", page {found['page']}" if found["page"] is not None else ""
    section = f" — {' > '.join(found['headings'])}" if found["headings"] else ""
    return f"{found['filename']}{page}{section}"


def _line(console: Console, text: str, style: str | None = None) -> None:
    """Print without colouring numbers or breaking lines, so that quotes can be copied as they are."""
    console.print(text, style=style, highlight=False, soft_wrap=True)
