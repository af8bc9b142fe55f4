import importlib.util
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from ingest.parsing import Limits, Page, ParserPool, open_parser_pool, parse
from ingest.parsing.errors import ParserStartError, ParseTimeoutError, ScannedError, TooLargeError
from ingest.parsing.recognition import require_engine
from settings.options import IngestSettings
from tests.ingest.parsing.files import pdf, scanned_pdf

pytestmark = pytest.mark.anyio

INSTALLED = all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))
needs_engine = pytest.mark.skipif(not INSTALLED, reason="the extra `ocr` is not installed")
LINES = ["The committee met on Monday", "and postponed the vote."]


def settings(*, ocr_max_pages: int = 1_000) -> IngestSettings:
    return IngestSettings(ocr="local", parse_processes=1, ocr_max_pages=ocr_max_pages)


def scan(path: Path, pages: int) -> Path:
    """A PDF of pictures of printed lines, with the page's number; the last page is blank."""
    pictures = [picture([f"Page {number}", *LINES]) for number in range(1, pages)] + [picture([])]
    pictures[0].save(path, "PDF", save_all=True, append_images=pictures[1:], resolution=72)
    return path


def picture(lines: list[str]) -> Image.Image:
    image = Image.new("L", (595, 300), "white")
    draw = ImageDraw.Draw(image)
    for index, line in enumerate(lines):
        draw.text((40, 40 + 50 * index), line, fill="black", font=ImageFont.load_default(28))
    return image


async def read(pool: ParserPool, path: Path) -> tuple[str, tuple[Page, ...]]:
    async with pool.place() as place:
        extracted, _ = await place.parse(path, path.name, max_tokens=100, overlap_tokens=0)
    return extracted.text, extracted.pages


@needs_engine
async def test_scanned_pages_are_recognised_page_by_page(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        text, pages = await read(pool, scan(tmp_path / "scan.pdf", 3))
        assert [page.number for page in pages] == [1, 2]
        for page in pages:
            assert text[page.start :].startswith(f"Page {page.number}")
        assert text.count("The committee met on Monday") == 2
        assert "postponed the vote" in text


@needs_engine
async def test_limits_of_recognition_are_kept(tmp_path: Path) -> None:
    path = scan(tmp_path / "scan.pdf", 3)
    async with open_parser_pool(settings(ocr_max_pages=1)) as pool:
        with pytest.raises(TooLargeError, match="ocr_max_pages"):
            await read(pool, path)


@needs_engine
async def test_a_page_that_takes_too_long_to_recognise_fails_the_file(tmp_path: Path) -> None:
    options = IngestSettings(ocr="local", parse_processes=1, ocr_page_timeout_seconds=0.01)
    async with open_parser_pool(options) as pool:
        with pytest.raises(ParseTimeoutError):
            await read(pool, scan(tmp_path / "scan.pdf", 3))


def test_only_pages_without_text_are_recognised() -> None:
    limits = Limits(recognise=lambda _: pytest.fail("there is text"))
    assert parse(pdf([["Some text"], []]), "x.pdf", limits).text == "Some text"


def test_what_is_recognised_becomes_the_text_of_its_page() -> None:
    assert parse(scanned_pdf(), "x.pdf", Limits(recognise=lambda _: "Seen.")).text == "Seen."


def test_a_picture_without_words_is_called_so() -> None:
    with pytest.raises(ScannedError, match="no text was recognised"):
        parse(scanned_pdf(), "x.pdf", Limits(recognise=lambda _: ""))


def test_where_it_is_off_the_reason_says_how_to_turn_it_on() -> None:
    with pytest.raises(ScannedError, match=r"ingest\.ocr.*footnote\[ocr\]"):
        parse(scanned_pdf(), "x.pdf", Limits())


@pytest.mark.skipif(INSTALLED, reason="the extra `ocr` is installed")
async def test_asking_for_it_without_the_extra_fails_at_once() -> None:
    with pytest.raises(ParserStartError, match="pip install"):
        async with open_parser_pool(settings()):
            pass


@needs_engine
def test_the_engine_that_is_installed_is_found() -> None:
    require_engine()
