"""Rows of a data table as text that makes sense on its own."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.text.cleaning import clean_line

_MAX_HEADER_CHARACTERS = 100


def labelled(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Each row as a line, `column: value | column: value`, when the first row of several cells names the columns.

    A chunk from the middle of a long table then still says what its numbers mean. Without a row of names the cells
    stand side by side. Empty cells and empty rows are left out; a row of one cell is a title between rows.
    """
    header: list[str] | None = None
    for row in rows:
        cells = trimmed(row)
        filled = [cell for cell in cells if cell]
        if not filled:
            continue
        if header is None and len(filled) > 1:
            header = cells if is_header(cells) else []
            yield " | ".join(filled)
        elif not header or len(filled) == 1 < len(header) or cells == header:
            yield " | ".join(filled)
        else:
            yield " | ".join(_label(header, index, cell) for index, cell in enumerate(cells) if cell)


def is_header(cells: Sequence[str]) -> bool:
    """Whether these cells look like names of columns: several, short, all different, not numbers."""
    named = [cell for cell in cells if cell]
    return (
        len(named) > 1
        and len(set(named)) == len(named)
        and all(len(cell) <= _MAX_HEADER_CHARACTERS and any(map(str.isalpha, cell)) for cell in named)
    )


def trimmed(row: Sequence[str]) -> list[str]:
    """The cells on one line each, without empty ones at the end."""
    cells = [clean_line(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _label(header: Sequence[str], index: int, cell: str) -> str:
    name = header[index] if index < len(header) else ""
    return f"{name.rstrip(':')}: {cell}" if name else cell
