"""Saying that the documents do not say."""

import re

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_JAPANESE = re.compile(r"[\u3040-\u30ff]")


def not_said(question: str) -> str:
    """The sentence that stands in place of an answer, in the question's language where we speak it."""
    if _JAPANESE.search(question):
        return "文書には記載がありません。"
    if _CHINESE.search(question):
        return "文档中没有提到。"
    return "The documents do not say."


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
