"""HTML, with the parser browsers' rules were written for (Lexbor)."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.parsing.composing import Composer
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.nesting import check_nesting
from ingest.text.cleaning import clean_line
from ingest.text.decoding import decode

# fmt: off
_DROPPED = frozenset({
    "script", "style", "noscript", "template", "nav", "svg", "math", "iframe", "object", "canvas", "audio",
    "video", "head", "select", "button", "dialog",
})
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "legend", "li", "main",
    "menu", "ol", "option", "p", "section", "summary", "ul",
})
# fmt: on
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_MAX_ANCESTORS = 40
_MAX_NESTED_TABLES = 20
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,30})", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_-]{2,30})")
_BLANKS = re.compile(r"[ \t\r\n\f]+")


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a page: headings, paragraphs, lists and tables; menus, scripts and controls are left out."""
    declared = _META_CHARSET.search(data[:4096]) or _XML_CHARSET.search(data[:200])
    composer = Composer(limits)
    title = add_html(composer, decode(data, declared.group(1).decode("ascii") if declared else None))
    return composer.finish("text/html", title)


def add_html(composer: Composer, html: str) -> str | None:
    """Add a page's text to a document and return its title."""
    check_nesting(html)
    tree = LexborHTMLParser(html)
    if tree.body is not None:
        _Walk(composer).run(_main_part(tree.body))
    node = tree.css_first("head > title")
    return clean_line(node.text()) if node is not None else None


class _Walk:
    """One pass over the tree in document order, without recursion: hostile pages nest a hundred thousand deep."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._inline: list[str] = []
        self._prefix = ""
        self._tight = False
        self._open_tables = 0

    def run(self, root: LexborNode) -> None:
        stack: list[tuple[LexborNode, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                self._leave(node)
                continue
            if self._enter(node):
                if node.tag in _BLOCKS or node.tag == "table":
                    stack.append((node, True))
                stack.extend((child, False) for child in reversed(_children(node)))
        self._flush()

    def _leave(self, node: LexborNode) -> None:
        self._open_tables -= node.tag == "table"
        self._flush()

    def _enter(self, node: LexborNode) -> bool:
        """Take a node in; True when its children are to be visited as well."""
        tag = node.tag or ""
        if tag == "-text":
            self._inline.append(_BLANKS.sub(" ", node.text_content or ""))
        elif _is_dropped(node, tag):
            return False
        elif tag == "br":
            self._inline.append("\n")
        elif tag in _HEADINGS:
            self._flush()
            self._composer.heading(_HEADINGS[tag], _text(node))
            return False
        elif tag == "pre":
            self._flush()
            self._composer.paragraph(
                f"```\n{node.text(strip=False).strip(chr(10))}\n```" if node.text().strip() else ""
            )
            return False
        elif tag == "table":
            self._flush()
            return self._table(node)
        else:
            self._open_block(node, tag)
            return True
        return False

    def _open_block(self, node: LexborNode, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        elif tag in {"td", "th"}:
            self._inline.append(" ")
        if tag == "li":
            self._prefix = f"{'  ' * _list_depth(node)}- "
            self._tight = _has_previous_element(node) or self._prefix.startswith(" ")

    def _table(self, table: LexborNode) -> bool:
        """Rows as lines; a table that only lays out the page is read as if it were not there."""
        lays_out = self._open_tables >= _MAX_NESTED_TABLES or len(table.css("table")) > 1
        if lays_out or table.css_first("h1, h2, h3, pre") is not None or len(table.css("tr")) < 2:  # noqa: PLR2004
            self._open_tables += 1
            return True
        if caption := table.css_first("caption"):
            self._composer.paragraph(clean_line(_text(caption)))
        self._composer.rows(_rows(table))
        return False

    def _flush(self) -> None:
        text = "\n".join(" ".join(line.split()) for line in "".join(self._inline).split("\n")).strip()
        self._inline.clear()
        if not text:
            return
        prefix, self._prefix = self._prefix, ""
        add = self._composer.line if prefix and self._tight else self._composer.paragraph
        add(prefix + text)


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))


def _rows(table: LexborNode) -> Iterator[list[str]]:
    for row in table.css("tr"):
        cells = [cell for cell in row.iter() if cell.tag in {"td", "th"}]
        yield [_text(cell) for cell in cells]


def _text(root: LexborNode) -> str:
    """The words inside an element on one line; only blocks and line breaks part them ("H<sub>2</sub>O" is "H2O")."""
    words: list[str] = []
    stack = [root]
    while stack:
        node = stack.pop()
        tag = node.tag or ""
        if tag == "-text":
            words.append(node.text_content or "")
        elif not _is_dropped(node, tag):
            words.append(" " if tag in _BLOCKS or tag in {"br", "td", "th"} else "")
            stack.extend(reversed(_children(node)))
    return "".join(words)


def _main_part(body: LexborNode) -> LexborNode:
    """The page without what surrounds it on every page of the site, when the page says which part that is."""
    main = body.css("main, [role=main]")
    if len(main) == 1 and len(main[0].text()) * 3 > len(body.text()):
        return main[0]
    return body


def _is_dropped(node: LexborNode, tag: str) -> bool:
    if tag in _DROPPED or tag.startswith(("-", "_")):
        return True
    attributes = node.attributes
    return bool(attributes) and (
        "hidden" in attributes
        or attributes.get("role") == "navigation"
        or (tag == "a" and "hreflang" in attributes and "interlanguage" in (attributes.get("class") or ""))
        or "display:none" in (attributes.get("style") or "").replace(" ", "").lower()
    )


def _list_depth(node: LexborNode) -> int:
    depth, parent = -1, node.parent
    for _ in range(_MAX_ANCESTORS):
        if parent is None:
            break
        depth += parent.tag in {"ul", "ol", "menu"}
        parent = parent.parent
    return max(0, depth)


def _has_previous_element(node: LexborNode) -> bool:
    previous = node.prev
    while previous is not None and previous.tag == "-text":
        previous = previous.prev
    return previous is not None
