"""Answers without a model: the sentence of the numbered passages that is nearest to the question."""

import re
from typing import Any

from tests.fakes.embedding import embed

_PASSAGE = re.compile(r'<passage number="(\d+)"[^>]*>(.*?)</passage>', re.DOTALL)
_PLAIN_PASSAGE = re.compile(r"^[ \t]*\[(\d+)\](.*?)(?=^[ \t]*\[\d+\]|\Z)", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"[^.!?。！？\n]{4,}[.!?。！？]?")
_DIMENSIONS = 512


def answer(messages: list[dict[str, Any]]) -> str:
    """A sentence from the passages in the prompt, quoted word for word and followed by `[n]`."""
    prompt = "\n".join(str(message.get("content", "")) for message in messages)
    question = _question(prompt)
    wanted = embed(question.rpartition(":")[2], _DIMENSIONS)
    sentences = [
        (float(embed(sentence, _DIMENSIONS) @ wanted), sentence.strip(), number)
        for number, passage in _PASSAGE.findall(prompt) or _PLAIN_PASSAGE.findall(prompt.replace(question, ""))
        for sentence in _SENTENCE.findall(passage)
    ]
    if not sentences:
        return "There are no numbered passages in this prompt."
    _, sentence, number = max(sentences, key=lambda found: found[0])
    return f"{sentence} [{number}]"


def _question(prompt: str) -> str:
    """The line that says it is the question, or else the last one."""
    lines = [line.strip() for line in prompt.splitlines() if line.strip()] or [""]
    return next((line for line in lines if line.lower().startswith("question:")), lines[-1])
