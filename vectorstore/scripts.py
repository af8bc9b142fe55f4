"""Which writing systems a text uses: what decides whether two texts can share words at all."""

import re
from collections import Counter

MIN_SHARE = 0.2
"""Share of a text's words from which a script counts as one of the text's own, not as a stray loan word."""
_MIN_KANA_SHARE = 0.1
"""Share of kana among Han and kana from which a text is Japanese; real Japanese prose has about a half."""

_SAMPLE = 400
"""Characters of either end; counting all of a passage took as long as encoding it for BM25."""
_ASCII_LETTER = re.compile("[A-Za-z]")
_OTHER_LETTER = re.compile(
    r"[^\x00-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7\u2010-\u205f\u20a0-\u20cf\u2190-\u243f\u2500-\u2bff]"
)
"""What is neither ASCII nor a sign that English texts use too."""

_WORDS = {
    "latin": r"[A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a]+",
    "han": r"[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]",
    "kana": r"[\u3041-\u309f\u30a1-\u30ff\u31f0-\u31ff\uff66-\uff9f]",
    "hangul": r"[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]+",
    "cyrillic": r"[\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f]+",
    "greek": r"[\u0370-\u0373\u0376-\u037d\u037f-\u03ff\u1f00-\u1fff]+",
    "hebrew": r"[\u0590-\u05ff\ufb1d-\ufb4f]+",
    "arabic": r"[\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufefc]+",
    "devanagari": r"[\u0900-\u097f\ua8e0-\ua8ff]+",
    "thai": r"[\u0e00-\u0e7f]",
    "other": r"[^\W\d_]+",
}
_WORD = re.compile("|".join(f"(?P<{script}>{pattern})" for script, pattern in _WORDS.items()))


def scripts_of(text: str) -> tuple[str, ...]:
    """The scripts that make up a good part of a text's words, most frequent first; none without letters.

    A run of letters counts as a word, and so does every Han, kana and Thai character, since these are written without
    spaces. Thus a Chinese sentence with English terms in it is Chinese. Han and kana together are "japanese". Of a long
    text, its beginning and its end are looked at.
    """
    if text.isascii() or not _OTHER_LETTER.search(text):
        return ("latin",) if _ASCII_LETTER.search(text) else ()
    words = _count(text if len(text) <= 2 * _SAMPLE else f"{text[:_SAMPLE]} {text[-_SAMPLE:]}")
    floor = MIN_SHARE * words.total()
    return tuple(script for script, count in words.most_common() if count >= floor)


def comparable_scripts(question: str) -> tuple[str, ...]:
    """The scripts in which passages can share a question's words: its main script; none means any.

    A question in Han alone may be Chinese or Japanese, so it meets both; one with kana meets Japanese only.
    """
    main = scripts_of(question)[:1]
    return ("han", "japanese") if main == ("han",) else main


def _count(text: str) -> Counter[str]:
    words = Counter(match.lastgroup or "other" for match in _WORD.finditer(text))
    han, kana = words.pop("han", 0), words.pop("kana", 0)
    if han + kana:
        words["japanese" if kana >= _MIN_KANA_SHARE * (han + kana) else "han"] = han + kana
    return words
