"""Which sentences of an answer claim something, and which passages they name for it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from search.markers import numbers_in, without_code, without_markers
from search.numerals import stated
from search.sentences import Sentence, sentences
from search.terms import terms

_ITEM = re.compile(r"\s*(?:[-*+•·▪◦]|\(?\d{1,3}[.)、]|\(?[a-z][.)])\s*(?=.*\w)", re.DOTALL)
_MARKUP = re.compile(r"[*~`#>|\ufffc]+")
_TITLE = re.compile(r"\*\*[^*\n]{1,80}\*\*")
_TABLE_RULE = re.compile(r"[ \t|]*\n[ \t]*\|?[ \t]*:?-{2,}[-|: \t]*(?:\n|$)")
_LEAD_IN_TERMS = 14
_ASIDE_WORDS = (
    "yes no sure certainly hello hi thanks thank you ok okay of course great here is are the answer list summary below"
    " 是的 不是 好的 当然 當然 您好 你好 谢谢 謝謝 可以 没有 はい ja nein oui non sí"
)
_ASIDES = frozenset(_ASIDE_WORDS.split())
_NOTHING_SAID = re.compile(
    r"\b(?:passages?|documents?|sources?|texts?|context|excerpts?)\b.{0,60}\b(?:do|does|did|is|are)(?: not|n['’]t)\b"
    r"|\b(?:not|n['’]t|no)\b.{0,60}\b(?:in|by|from) (?:the|these|your|any of the)"
    r" .{0,20}(?:passages|documents|sources)\b"
    r"|(?:文档|文檔|文件|资料|資料|段落|原文|上下文)[^。]{0,20}(?:没有|沒有|未|并未)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence that claims something, or at least names passages."""

    text: str
    """Without its markers, as it is shown."""
    words: str
    """What is compared with the passages: without list signs and emphasis."""
    start: int
    end: int
    places: Mapping[int, int]
    """The passages it names, and the offset in the answer of the first marker of each."""
    inherited: Sequence[int] = ()
    """The passages that the lead-in of its list names, where it names none itself."""
    claims: bool = True
    """Whether it says something that could be borne out."""

    @property
    def numbers(self) -> Sequence[int]:
        """The passages it stands on."""
        return [*self.places, *self.inherited]


def statements(answer: str) -> Iterator[Statement]:
    """The claims of an answer, in order, and what else has markers.

    Headings, greetings, questions, code, lead-ins ("Here is the list:") and words on what the documents do not say
    claim nothing. The items of a list stand on what its lead-in names, where they name nothing themselves.
    """
    prose = without_code(answer)
    lead: Sequence[int] = ()
    for sentence in sentences(prose):
        one = _statement(answer, sentence)
        is_item = _ITEM.match(sentence.text) is not None
        if _is_lead_in(one):
            lead = list(one.places)
        elif not is_item:
            lead = ()
        if _claims_something(sentence.text, one) and not _is_above_table(prose, sentence):
            yield replace(one, inherited=lead) if is_item and not one.places else one
        elif one.places:
            yield replace(one, claims=False)


def _statement(answer: str, sentence: Sentence) -> Statement:
    text = without_markers(answer[sentence.start : sentence.end], sentence.text)
    words = _MARKUP.sub(" ", _ITEM.sub("", text, count=1) if _ITEM.match(text) else text).strip()
    places = {number: sentence.start + place for number, place in numbers_in(sentence.text).items()}
    return Statement(text, words, sentence.start, sentence.end, places)


def _claims_something(prose: str, one: Statement) -> bool:
    said = terms(without_markers(prose, prose))
    if not said or not terms(one.words) or prose.startswith("#") or one.words.endswith(("?", "？")):
        return False
    if _is_lead_in(one) and len(said) <= _LEAD_IN_TERMS and not stated(one.words):
        return False
    if not one.places and _TITLE.fullmatch(one.text):
        return False
    return not (all(term in _ASIDES for term in said) or _NOTHING_SAID.search(one.words))


def _is_lead_in(one: Statement) -> bool:
    return one.words.endswith((":", "："))


def _is_above_table(prose: str, sentence: Sentence) -> bool:
    return "|" in sentence.text and _TABLE_RULE.match(prose, sentence.end) is not None
