"""What became of files that were handed in."""

from dataclasses import dataclass, field

from rich.console import Console

from cli.showing import line


@dataclass(slots=True)
class Report:
    """What became of the files; each is counted once."""

    completed: int = 0
    known: int = 0
    """Of the completed, how many had content that the store had already."""
    chunks: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    """File name and reason."""
    ids: dict[str, str] = field(default_factory=dict)
    """The document that each file has become, or is equal to, by file name."""


def show(report: Report, console: Console) -> None:
    """The summary, and what failed with its reason, a line a file."""
    known = f" ({report.known} of them already there)" if report.known else ""
    line(console, f"{count(report.completed, 'file')} searchable{known}, {count(report.chunks, 'chunk')}.")
    if report.failures:
        line(console, f"{len(report.failures)} failed:")
    for name, reason in sorted(report.failures):
        line(console, f"  {name}: {reason}")


def count(number: int, what: str) -> str:
    """A number of things, in words."""
    return f"{number} {what}{'' if number == 1 else 's'}"
