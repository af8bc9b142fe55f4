"""Reading files: bytes in, text with structure out."""

from ingest.parsing.errors import ParseError
from ingest.parsing.extracted import Extracted, Heading, Limits, Page
from ingest.parsing.layout import pack_layout, unpack_layout
from ingest.parsing.parser import parse
from ingest.parsing.place import Place
from ingest.parsing.pool import ParserPool, open_parser_pool

__all__ = [
    "Extracted",
    "Heading",
    "Limits",
    "Page",
    "ParseError",
    "ParserPool",
    "Place",
    "open_parser_pool",
    "pack_layout",
    "parse",
    "unpack_layout",
]
