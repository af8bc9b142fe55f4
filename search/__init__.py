"""Finding passages and answering from them, with footnotes."""

from search.answerer import Answerer
from search.answering import Answer, Delta, Event, Passages
from search.citation import Citation
from search.inquiry import Inquiry, Manner
from search.rewriting import rewritten
from search.scoring import Mode
from search.searcher import Request, Searcher

__all__ = [
    "Answer",
    "Answerer",
    "Citation",
    "Delta",
    "Event",
    "Inquiry",
    "Manner",
    "Mode",
    "Passages",
    "Request",
    "Searcher",
    "rewritten",
]
