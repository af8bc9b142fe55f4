"""Excel workbooks (.xlsx)."""

import datetime as dt
import io
import warnings
from collections.abc import Iterator
from typing import Any

import openpyxl

from ingest.parsing.archive import check_archive
from ingest.parsing.composing import Composer
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.tables import labelled


def read(data: bytes, limits: Limits) -> Extracted:
    """Read each sheet under its name as heading, a row a line; formulas by the value they had when saved."""
    check_archive(data, limits)
    composer = Composer(limits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in workbook.worksheets:
            _add_sheet(composer, sheet)
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return composer.finish(media_type, workbook.properties.title)


def _add_sheet(composer: Composer, sheet: Any) -> None:
    sheet.reset_dimensions()  # what the file declares is often wrong, and costs a million empty rows
    rows = sheet.iter_rows(values_only=True)
    named = False
    for line in labelled(_cells(rows)):
        if not named:
            composer.heading(2, sheet.title)
            composer.paragraph(line)
            named = True
        else:
            composer.line(line)


def _cells(rows: Any) -> Iterator[list[str]]:
    for row in rows:
        yield [shown(value) for value in row]


def shown(value: Any) -> str:
    """A cell's value as a person would write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return str(value)
