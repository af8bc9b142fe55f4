"""Finding passages and answering from them, with footnotes."""

from search.answerer import Answerer
from search.answering import Answer, Claim, Delta, Event, Passages
from search.caching import CachingAnswerer
from search.citation import Citation
from search.inquiry import Inquiry, Manner
from search.refining import Found, Refining
from search.rewriting import formulated, rewritten
from search.scoring import Mode
from search.searcher import Request, Searcher

__all__ = [
    "Answer",
    "Answerer",
    "CachingAnswerer",
    "Citation",
    "Claim",
    "Delta",
    "Event",
    "Found",
    "Inquiry",
    "Manner",
    "Mode",
    "Passages",
    "Refining",
    "Request",
    "Searcher",
    "formulated",
    "rewritten",
]
