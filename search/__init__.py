"""Finding passages and answering from them, with footnotes."""

from search.answerer import Answer, Answerer, Delta, Event, Passages
from search.citation import Citation
from search.searcher import Mode, Request, Searcher

__all__ = [
    "Answer",
    "Answerer",
    "Citation",
    "Delta",
    "Event",
    "Mode",
    "Passages",
    "Request",
    "Searcher",
]
