"""Saying that the documents do not say."""

from search.tongues import tongue_of

_ENGLISH = "The documents do not say."
_SENTENCES = {
    "zh-Hans": "文档中没有提到。",
    "zh-Hant": "文件中沒有提到。",
    "ja": "文書には記載がありません。",
    "ko": "문서에 언급되어 있지 않습니다.",
    "ru": "В документах об этом не сказано.",
    "de": "In den Dokumenten steht dazu nichts.",
    "fr": "Les documents ne le disent pas.",
    "es": "Los documentos no lo dicen.",
    "pt": "Os documentos não o dizem.",
    "it": "I documenti non lo dicono.",
}


def not_said(question: str) -> str:
    """The sentence that stands in place of an answer, in the question's language where we speak it."""
    return _SENTENCES.get(tongue_of(question), _ENGLISH)


class SentinelFilter:
    """Holds a stream back while it may still turn out to be the model's sign for "not in the documents"."""

    def __init__(self, sentinel: str) -> None:
        self._sentinel = sentinel
        self._held: str | None = ""
        self.seen = False
        """Whether the text began with the sign; then nothing of it was let through."""

    def feed(self, piece: str) -> str:
        """What can be shown now, given one more piece."""
        if self.seen:
            return ""
        if self._held is None:
            return piece
        self._held += piece
        start = self._held.lstrip(" \n*`\"'")
        self.seen = start.startswith(self._sentinel)
        if self.seen or self._sentinel.startswith(start):
            return ""
        return self._release()

    def finish(self) -> str:
        """What is left at the end."""
        return "" if self.seen or self._held is None else self._release()

    def _release(self) -> str:
        held, self._held = self._held or "", None
        return held
