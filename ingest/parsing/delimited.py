"""CSV and TSV."""

import csv
import io

from ingest.parsing.composing import Composer
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.plain import cleaned
from ingest.parsing.tables import labelled

_SEPARATORS = ",;\t|"


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a table with any of the usual separators, a row a line."""
    text = cleaned(data, limits)
    csv.field_size_limit(limits.max_text_characters)
    composer = Composer(limits)
    for line in labelled(csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))):
        composer.line(line)
    return composer.finish("text/csv")


def _separator(text: str) -> str:
    """The separator that cuts the first lines into the same number of cells, and into most."""
    lines = text[:20_000].split("\n")[:20]
    counts = {mark: [line.count(mark) for line in lines if line] for mark in _SEPARATORS}
    return max(_SEPARATORS, key=lambda mark: (min(counts[mark], default=0), sum(counts[mark])))
