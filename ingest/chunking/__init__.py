"""Cutting a document's text into passages to embed and to quote."""

from ingest.chunking.splitting import Span, split

__all__ = ["Span", "split"]
