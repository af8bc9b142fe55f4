"""PowerPoint presentations (.pptx)."""

import io
from collections.abc import Iterator
from typing import Any

import pptx
from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER

from ingest.parsing.archive import check_archive
from ingest.parsing.composing import Composer
from ingest.parsing.extracted import Extracted, Limits

_MAX_GROUP_DEPTH = 20
_TITLES = {PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE}
_FURNITURE = {PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE}


def read(data: bytes, limits: Limits) -> Extracted:
    """Read slides as pages: the title as a heading, then text, tables and charts from top to bottom, then notes."""
    check_archive(data, limits)
    presentation = pptx.Presentation(io.BytesIO(data))
    composer = Composer(limits)
    for number, slide in enumerate(presentation.slides, 1):
        composer.page(number)
        _add_slide(composer, slide)
    media_type = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    return composer.finish(media_type, presentation.core_properties.title)


def _add_slide(composer: Composer, slide: Any) -> None:
    shapes = list(_flat(slide.shapes, 0))
    title = next((shape for shape in shapes if _placeholder(shape) in _TITLES), None)
    if title is not None and title.has_text_frame:
        composer.heading(2, title.text_frame.text)
    for shape in sorted((shape for shape in shapes if shape is not title), key=_position):
        if _placeholder(shape) not in _FURNITURE:
            _add_shape(composer, shape)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        composer.paragraph(slide.notes_slide.notes_text_frame.text)


def _add_shape(composer: Composer, shape: Any) -> None:
    if shape.has_text_frame:
        composer.paragraph("\n".join(_paragraphs(shape.text_frame)))
    elif getattr(shape, "has_table", False):
        composer.rows([cell.text for cell in row.cells] for row in shape.table.rows)
    elif getattr(shape, "has_chart", False):
        composer.rows(_chart_rows(shape.chart))


def _paragraphs(frame: Any) -> Iterator[str]:
    for paragraph in frame.paragraphs:
        text = " ".join(paragraph.text.split())
        if text:
            yield f"{'  ' * (paragraph.level - 1)}- {text}" if paragraph.level else text


def _chart_rows(chart: Any) -> Iterator[list[str]]:
    for plot in chart.plots:
        yield ["", *map(str, plot.categories)]
        for series in plot.series:
            yield [str(series.name), *(f"{value:g}" if value is not None else "" for value in series.values)]


def _flat(shapes: Any, depth: int) -> Iterator[Any]:
    for shape in shapes:
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP and depth < _MAX_GROUP_DEPTH:
            yield from sorted(_flat(shape.shapes, depth + 1), key=_position)
        else:
            yield shape


def _placeholder(shape: Any) -> Any:
    return shape.placeholder_format.type if shape.is_placeholder else None


def _position(shape: Any) -> tuple[int, int]:
    """Top to bottom, then left to right; a tenth of an inch (91,440 EMU) of difference still is the same height."""
    return (shape.top or 0) // 91_440, shape.left or 0
