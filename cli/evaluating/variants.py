"""Ways of searching that are compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.client import ClientError

_MODES = ("hybrid", "dense", "bm25")
_TRUTHS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Variant:
    """What is sent with each request, beside the question."""

    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The settings as they were written."""
        return ", ".join(f"{key}={_written(value)}" for key, value in self.settings.items()) or "as set"


def variants_of(base: Mapping[str, Any], compared: Sequence[str]) -> Sequence[Variant]:
    """The base, then each `KEY=VALUE[,KEY=VALUE]` on top of it. Raises ClientError."""
    return [Variant(base), *(Variant({**base, **_settings(text)}) for text in compared)]


def _settings(text: str) -> Mapping[str, Any]:
    found = {}
    for pair in text.split(","):
        key, _, value = (part.strip() for part in pair.partition("="))
        if key not in _READERS:
            raise ClientError(f"--compare knows no {key!r}. It knows {', '.join(_READERS)}: --compare mode=dense")
        try:
            found[key] = _READERS[key](value)
        except (KeyError, ValueError) as error:
            raise ClientError(f"--compare {pair.strip()}: {value!r} is no value for {key}.") from error
    return found


def _mode(value: str) -> str:
    return _MODES[_MODES.index(value)]


_READERS: Mapping[str, Callable[[str], Any]] = {
    "mode": _mode,
    "limit": int,
    "rerank": _TRUTHS.__getitem__,
    "per_document": int,
    "diversity": float,
    "queries": int,
}


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
