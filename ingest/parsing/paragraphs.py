"""Lines of a printed page joined back to the paragraphs they were wrapped from."""

import re
import unicodedata

from ingest.text.cleaning import clean

_SOFT_HYPHEN_END = re.compile("[\x02\ufffe\xad](?:\n)?")
_FORMS = re.compile("[\u2e80-\u2fdf\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefc]")
_WIDE = "\u2e80-\u303f\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_SPREAD = re.compile(f"(?<=[{_WIDE}…])[ \u3000]{{1,2}}(?=[{_WIDE}…])")
_WIDE_CHARACTER = re.compile(f"[{_WIDE}]")
_SENTENCE_END = re.compile(r"[.!?:。！？：；;][\"'”’)\]」』）]*$")
_OWN_LINE = re.compile(
    r"[-–—*+•·▪◦●○■□►➢✓|#\uf0b7\uf0a7]\s|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)]\s|[（(]?[一二三四五六七八九十\d]{1,3}[）)、．]"
)
_LABEL = re.compile(r"[^\W\d_][^:：.]{0,30}[:：]\s?\S")
_LEADERS = re.compile(r"(?:\. ?|…){4,}")
_NUMBERS = re.compile(r"\S*\d\S*")
_ROW_MARK = re.compile(r"[\d–-]")
_LONE_NUMBER = re.compile(r"[A-Z]?([0-9]{1,4})[A-Z]?")
_MIN_LINE_NUMBERS = 10
_MIN_FULL = 25
_MAX_WORD = 40
_MAX_PARAGRAPH = 20_000
"""Joined lines from which on the next starts anew, so that a page of a million lines stays linear."""


def join_lines(page: str) -> str:
    """Undo line wrapping, hyphenation and letter-spacing of one page's text.

    A line goes on with the next when it is about as wide as its neighbours and does not end a sentence. List items,
    table rows and lines of contents stay as they are. Presentation forms become plain letters, so that a search for
    the word finds them: ligatures, Arabic shapes, ideographic radicals.
    """
    page = page.replace("\r\n", "\n").replace("\r", "\n")
    page = _FORMS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), page)
    lines = _without_line_numbers(_clean_lines(_mark_hyphens(page)))
    common = _common_width(lines)
    joined: list[str] = []
    for index, line in enumerate(lines):
        before = lines[index - 1] if index else ""
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if (
            line
            and before
            and len(joined[-1]) < _MAX_PARAGRAPH
            and _continues(before, line, max(_width(line), _width(following)), common)
        ):
            joined[-1] = _join(joined[-1], line)
        else:
            joined.append(line)
    return "\n".join(joined)


def _mark_hyphens(page: str) -> str:
    """Pdfium puts U+FFFE (older versions U+0002) for a hyphen at a line's end, and no line break."""
    return _SOFT_HYPHEN_END.sub("\xad\n", page)


def _clean_lines(page: str) -> list[str]:
    lines = []
    for line in page.split("\n"):
        hyphen = "\xad" if line.endswith("\xad") else ""
        text = re.sub(r"[ \t]{2,}", " ", _SPREAD.sub("", clean(line))).strip()
        lines.append(text + hyphen)
    return lines


def _without_line_numbers(lines: list[str]) -> list[str]:
    """Drop columns of counting numbers, as legal texts and proofs print them beside the lines."""
    kept: list[str] = []
    run: list[str] = []
    for line in [*lines, ""]:
        number = _LONE_NUMBER.fullmatch(line)
        if number and run and int(number[1]) == _counted(run[-1]) + 1:
            run.append(line)
            continue
        kept += run if len(run) < _MIN_LINE_NUMBERS else []
        run = [line] if number else []
        kept += [] if number else [line]
    return kept[:-1]


def _counted(line: str) -> int:
    found = _LONE_NUMBER.fullmatch(line)
    return int(found[1]) if found else -1


def _width(line: str) -> int:
    """Columns, an ideograph counting two."""
    return len(line) if line.isascii() else len(line) + len(_WIDE_CHARACTER.findall(line))


def _common_width(lines: list[str]) -> int:
    """The width of lines in which the middle character of the page stands: that of full lines in running text."""
    widths = sorted(map(_width, lines))
    half, so_far = sum(widths) / 2, 0
    for width in widths:
        so_far += width
        if so_far >= half:
            return width
    return 0


def _continues(before: str, line: str, neighbour_width: int, common_width: int) -> bool:
    if before.endswith("\xad"):
        return True
    if _SENTENCE_END.search(before) or _OWN_LINE.match(line) or _LABEL.match(line):
        return False
    if _LEADERS.search(before) or _is_row(before) or _is_row(line):
        return False
    width = _width(before)
    if line[0].islower() or before.endswith((",", "-", "–", "，", "、")) or _WIDE_CHARACTER.match(line):
        return width >= max(0.7 * min(neighbour_width, common_width), _MIN_FULL)
    return width >= max(0.85 * common_width, _MIN_FULL) and not before.isupper()


def _is_row(line: str) -> bool:
    """Whether half of the words are numbers, as in a table."""
    if not _ROW_MARK.search(line):
        return False
    words = line.split()
    numbers = sum(_NUMBERS.fullmatch(word) is not None or word in {"-", "–"} for word in words)
    return len(words) > 2 and numbers * 2 >= len(words)  # noqa: PLR2004


def _join(paragraph: str, line: str) -> str:
    if paragraph.endswith("\xad"):
        stem = paragraph[:-1]
        keep = line[:1].isupper() or line[:1].isdigit() or stem[-1:].isdigit()
        return f"{stem}-{line}" if keep else stem + line
    if _is_hyphenated(paragraph, line):
        return paragraph[:-1] + line
    if paragraph.endswith(("-", "–")) and paragraph[-2:-1].isalnum():
        return paragraph + line
    if _WIDE_CHARACTER.match(paragraph[-1:]) and _WIDE_CHARACTER.match(line):
        return paragraph + line
    return f"{paragraph} {line}"


def _is_hyphenated(paragraph: str, line: str) -> bool:
    """A hyphen between two lower-case halves of a word; a compound such as "well-known" loses its hyphen, rarely."""
    found = re.search(r"([^\W\d_]+)-$", paragraph[-_MAX_WORD:])
    return found is not None and found[1][-1].islower() and len(found[1]) > 1 and line[:1].islower()
