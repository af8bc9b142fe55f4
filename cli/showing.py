"""Hits, answers and footnotes on a terminal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

Events = Iterator[tuple[str, Mapping[str, Any]]]
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PREVIEW_CHARACTERS = 400
_MINUTE_SECONDS = 60.0


def show_hits(hits: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Hits, best first."""
    if not hits:
        line(console, "Nothing found.")
    for number, hit in enumerate(hits, 1):
        line(console, (f"{number}. {_place(hit)}", "bold"), (f"  {hit['score']:.4f}", "dim"))
        line(console, (" ".join(hit["text"].split())[:_PREVIEW_CHARACTERS], "dim"))


def show_answer(events: Events, console: Console) -> None:
    """The text as it comes, then its footnotes."""
    done: Mapping[str, Any] = {}
    for name, data in events:
        if name == "delta":
            line(console, data["text"], end="")
        elif name == "done":
            done = data
    line(console, "\n")
    if done.get("method") == "extractive" and done.get("citations"):
        note = (
            "No chat model is set, so these are the best passages' own sentences. Set OPENAI_API_KEY or "
            "OPENAI_BASE_URL for written answers.\n"
        )
        line(console, (note, "dim"))
    show_footnotes(done.get("citations", []), console)
    show_doubts(done.get("sentences", []), console)


def show_doubts(sentences: Sequence[Mapping[str, Any]], console: Console) -> None:
    """The sentences that the documents do not bear out, and why."""
    for sentence in sentences:
        if not sentence["grounded"]:
            reason = sentence["reason"].replace("_", " ")
            line(console, (f"Not borne out ({reason}): {' '.join(sentence['text'].split())}", "yellow"))


def show_footnotes(citations: Sequence[Mapping[str, Any]], console: Console) -> None:
    """Document, page and exact quote of each footnote, each once."""
    seen = set()
    for citation in citations:
        key = citation["number"], citation["start"], citation["end"]
        if key not in seen:
            seen.add(key)
            line(console, (f"[{citation['number']}]", "bold"), f" {_place(citation)}")
            line(console, (f"    “{' '.join(citation['quote'].split())}”", "italic"))


def put_off(job: Mapping[str, Any] | None) -> str | None:
    """Why a job was put off and when it goes on; None for one that was not, or that has ended."""
    if job is None or job["error"] is None or job["status"] not in {"queued", "in_progress"}:
        return None
    return f"waiting: {job['error']['message']} {_next_try(job['next_try_seconds'] or 0.0)}"


def _next_try(seconds: float) -> str:
    if seconds < 1:
        return "Trying again now."
    pause = f"{seconds:.0f} s" if seconds < _MINUTE_SECONDS else f"{seconds / _MINUTE_SECONDS:.0f} min"
    return f"Trying again in {pause}."


def line(console: Console, *parts: str | tuple[str, str], end: str = "\n") -> None:
    """Print parts, some with a style, just as they are: no markup, no emoji names, no broken lines.

    Only control characters are left out, with which a document or a model could take over the terminal.
    """
    styled = [(part, "") if isinstance(part, str) else part for part in parts]
    text = Text.assemble(*((clean(part), style) for part, style in styled))
    console.print(text, end=end, highlight=False, soft_wrap=True)


def clean(text: str) -> str:
    """A text without control characters."""
    return _CONTROLS.sub("", text)


def _place(found: Mapping[str, Any]) -> str:
    page = f", page {found['page']}" if found["page"] is not None else ""
    section = f" — {' > '.join(found['headings'])}" if found["headings"] else ""
    return f"{found['filename']}{page}{section}"
