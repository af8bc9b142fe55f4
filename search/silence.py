"""Saying that the documents do not say."""

from search.tongues import tongue_of

_AROUND = " \n*`\"'"
"""What models put around the sign."""
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
    """Holds a stream back while it may still turn out to be the model's sign for "not in the documents".

    Where the model writes the sign below an answer, on a line of its own, that line is left out: it has answered.
    """

    def __init__(self, sentinel: str) -> None:
        self._sentinel = sentinel.casefold()
        self._held = ""
        self._is_in_line = False
        """Whether the line that is under way is text."""
        self._has_begun = False
        self.seen = False
        """Whether the text began with the sign; then nothing of it was let through."""

    def feed(self, piece: str) -> str:
        """What can be shown now, given one more piece."""
        self._held = "" if self.seen else self._held + piece
        shown = ""
        while self._held:
            if not self._is_in_line and not self._begin_line():
                break
            before = 0 if self._is_in_line else len(self._held) - len(self._held.lstrip(_AROUND))
            line = self._held[:before] + self._held[before:].partition("\n")[0]
            shown += line
            self._held = self._held.removeprefix(line)
            self._is_in_line = not self._held
        return shown

    def finish(self) -> str:
        """What is left at the end."""
        left, self._held = self._held, ""
        return "" if self._is_sign(left) else left

    def _begin_line(self) -> bool:
        """Whether what is held begins with a line of text, once lines that begin with the sign are gone."""
        while self._is_sign(self._held):
            if not self._has_begun:
                self.seen, self._held = True, ""
                return False
            _, newline, rest = self._held.lstrip(_AROUND).partition("\n")
            if not newline:
                return False
            self._held = newline + rest
        if self._sentinel.startswith(self._start(self._held)):
            return False
        self._has_begun = True
        return True

    def _is_sign(self, text: str) -> bool:
        return self._start(text).startswith(self._sentinel)

    def _start(self, text: str) -> str:
        return text.lstrip(_AROUND).casefold()
