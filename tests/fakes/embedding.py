"""Vectors without a model: texts that share words or pieces of words are near each other."""

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+")
_SHORT_WORD = 3


def embed(text: str, dimensions: int) -> NDArray[np.float32]:
    """A hashed bag of words and character pairs, of length 1; the same for the same text on every machine."""
    vector = np.zeros(dimensions, np.float32)
    for feature, count in Counter(_features(text.lower())).items():
        number = zlib.crc32(feature.encode("utf-8", "replace"))
        vector[number % dimensions] += math.sqrt(count) * (1 if number & 0x8000_0000 else -1) * _weight(feature)
    norm = float(np.linalg.norm(vector))
    if norm == 0.0:
        vector[0] = norm = 1.0
    return (vector / norm).astype(np.float32)


def _features(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        yield word
        yield from (word[i : i + 2] for i in range(len(word) - 1))


def _weight(feature: str) -> float:
    if not feature.isascii():
        return 1.0
    return 2.0 if len(feature) > _SHORT_WORD else 0.2
