"""OpenDocument texts (.odt)."""

from collections.abc import Iterator
from typing import Any

from ingest.parsing.archive import open_archive, parse_xml
from ingest.parsing.composing import Composer
from ingest.parsing.errors import EncryptedError
from ingest.parsing.extracted import Extracted, Limits

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_DROPPED = {f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}sequence-decls", f"{_OFFICE}forms"}
_SPECIAL = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}


def read(data: bytes, limits: Limits) -> Extracted:
    """Read the body in order with headings, lists and tables (OpenDocument 1.3, part 3)."""
    composer = Composer(limits)
    with open_archive(data, limits) as archive:
        if b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise EncryptedError
        body = parse_xml(archive.read("content.xml")).find(f"{_OFFICE}body")
        meta = parse_xml(archive.read("meta.xml")) if "meta.xml" in archive.namelist() else None
    _add(composer, body if body is not None else ())
    title = meta.find(f".//{_TITLE}") if meta is not None else None
    return composer.finish("application/vnd.oasis.opendocument.text", title.text if title is not None else None)


def _add(composer: Composer, body: Any) -> None:
    stack = [(node, 0) for node in reversed(body)]
    while stack:
        node, depth = stack.pop()
        if node.tag == f"{_TEXT}h":
            level = node.get(f"{_TEXT}outline-level") or "1"
            composer.heading(min(int(level), 9) if level.isdigit() else 1, _inline(node))
        elif node.tag == f"{_TEXT}p":
            _add_paragraph(composer, node, depth)
        elif node.tag == f"{_TABLE}table":
            composer.rows(_rows(node))
        elif node.tag not in _DROPPED:
            deeper = depth + (node.tag == f"{_TEXT}list")
            stack.extend((child, deeper) for child in reversed(node))


def _add_paragraph(composer: Composer, node: Any, depth: int) -> None:
    text = _inline(node).strip()
    if text and depth:
        composer.line(f"{'  ' * min(depth - 1, 5)}- {text}")
    elif text:
        composer.paragraph(text)


def _inline(root: Any) -> str:
    parts: list[str] = []
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            parts.append(node)
        elif node.tag == f"{_TEXT}s":
            count = node.get(f"{_TEXT}c") or "1"
            parts.append(" " * min(int(count), 100) if count.isdigit() else " ")
        elif node.tag in _SPECIAL:
            parts.append(_SPECIAL[node.tag])
        elif node.tag not in _DROPPED:
            for child in reversed(node):
                stack.extend((child.tail or "", child))
            stack.append(node.text or "")
    return "".join(parts)


def _rows(table: Any) -> Iterator[list[str]]:
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is not table:
            continue
        cells = [cell for cell in row if cell.tag == f"{_TABLE}table-cell"]
        yield [" ".join(_inline(paragraph) for paragraph in cell.iter(f"{_TEXT}p")) for cell in cells]
