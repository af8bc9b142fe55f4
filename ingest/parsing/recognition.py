"""Text recognition (OCR) of pages that are pictures, by an engine and models that come with the extra `ocr`."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pypdfium2

from ingest.parsing.errors import ParserStartError, TooLargeError

if TYPE_CHECKING:
    from rapidocr import RapidOCR

_LONGEST_SIDE = 1_600
"""Pixels a page is drawn with: about 140 dots an inch on A4, at which 8 point print is read well."""
_MAX_SCALE = 6.0
_OPTIONS = {
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Rec.rec_batch_num": 1,
}
"""One thread, as the process is one of several, and one line at a time, which takes the least memory."""


def require_engine() -> None:
    """Raise ParserStartError where the extra is not installed."""
    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        raise ParserStartError(
            '`ingest.ocr` is `local`, but text recognition is not installed: run `pip install "footnote[ocr]"`, or set '
            "the option to `none`."
        )


class Recogniser:
    """Reads the pictures of one document's pages, English and Chinese among other languages."""

    def __init__(self, engine: "RapidOCR", *, max_pages: int, before_page: Callable[[], None]) -> None:
        self._engine = engine
        self._pages_left = max_pages
        self._before_page = before_page

    def __call__(self, page: pypdfium2.PdfPage) -> str:
        """The lines of a page from top to bottom; raises TooLargeError when a document has too many such pages."""
        if not self._pages_left:
            raise TooLargeError(
                "The file has more pages without text than are recognised: split it, or raise `ingest.ocr_max_pages`."
            )
        self._pages_left -= 1
        self._before_page()
        return "\n".join(self._engine(_picture(page)).txts or ())  # type: ignore[union-attr]


def load_engine() -> "RapidOCR":
    """Load the engine and its models, which lie beside it: nothing is fetched."""
    from rapidocr import RapidOCR  # noqa: PLC0415 -- only where it is installed and turned on

    return RapidOCR(params=_OPTIONS)


def _picture(page: pypdfium2.PdfPage) -> Any:
    """The page as pixels, shape (height, width, 3), uint8."""
    scale = min(_MAX_SCALE, _LONGEST_SIDE / max(1.0, *page.get_size()))
    return page.render(scale=scale).to_numpy()
