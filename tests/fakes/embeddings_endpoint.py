"""POST /v1/embeddings of the fake server."""

import base64
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from tests.fakes.embedding import embed
from tests.fakes.failing import error
from tests.fakes.script import Behaviour, Character


def embeddings(character: Character, body: dict[str, Any], behaviour: Behaviour | None) -> web.Response:
    """Vectors of the input, spoilt as the behaviour says."""
    texts = _texts(body["input"])
    if not texts or len(texts) > character.max_inputs or not all(texts):
        return error(400, "Invalid 'input': must be non-empty strings, not too many.", parameter="input")
    if character.refused_text in texts:
        return error(400, "Invalid 'input'.", parameter="input")
    vectors = [embed(text, body.get("dimensions", character.dimensions)) for text in texts]
    as_base64 = body.get("encoding_format") == "base64" and not character.ignores_base64
    data = [
        {"object": "embedding", "index": index, "embedding": _encoded(vector, as_base64=as_base64)}
        for index, vector in enumerate(_spoilt(vectors, behaviour))
    ]
    if behaviour and behaviour.kind == "shuffled":
        data = data[1::2] + data[::2]
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return web.json_response({"object": "list", "data": data, "model": body["model"], "usage": usage})


def _texts(given: Any) -> list[str]:
    """The input as texts: a string, strings, token ids or lists of token ids."""
    if isinstance(given, str):
        return [given]
    if given and isinstance(given[0], int):
        return [" ".join(map(str, given))]
    return [item if isinstance(item, str) else " ".join(map(str, item)) for item in given]


def _spoilt(vectors: list[NDArray[np.float32]], behaviour: Behaviour | None) -> list[NDArray[np.float32]]:
    match behaviour.kind if behaviour else None:
        case "wrong_count":
            return vectors[:-1]
        case "nan":
            return [np.full_like(vector, np.nan) for vector in vectors]
        case "short_vectors":
            return [vector[:-1] for vector in vectors]
        case "ragged_vectors":
            return [*vectors[:-1], vectors[-1][:-1]]
    return vectors


def _encoded(vector: NDArray[np.float32], *, as_base64: bool) -> str | list[float]:
    return base64.b64encode(vector.astype("<f4").tobytes()).decode() if as_base64 else vector.tolist()
