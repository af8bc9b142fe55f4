"""Telling apart, under `/v1`, what Footnote answers itself and what passes on to the upstreams."""

from api.parting.parting import Parting
from api.parting.taken import Taken

__all__ = ["Parting", "Taken"]
