"""What a method and a path under `/v1` mean, as far as the relay has to know; everything else just passes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

_WORDS = frozenset(
    """accept activate admin_api_keys alpha api_keys archive assistants audio audio_speeches audio_transcriptions
    audit_logs batches calls cancel certificates characters chat chatkit checkpoints client_secrets
    code_interpreter_sessions compact complete completions containers content content_provenance_checks conversations
    costs data_retention deactivate edits embeddings engines evals events extensions file_batches file_search_calls
    files fine-tunes fine_tuning generate generations graders groups hangup hosted_tool_permissions images input_items
    input_tokens invites items jobs messages model_permissions models moderations organization output_items parts pause
    permissions projects rate_limits realtime refer reject remix responses resume roles run runs search
    service_accounts sessions skills speech spend_alerts spend_limit steps submit_tool_outputs threads
    transcription_sessions transcriptions translations uploads usage users validate variations vector_stores versions
    videos voice_consents voices web_search_calls""".split()  # noqa: SIM905  nobody reads a hundred lines
)
"""Parts of paths that are no ids. Others never show in the ledger: they may be anything, and of any number."""
_MAX_PARTS = 10
_MAX_KNOWN = 512

_ANSWERS = frozenset(
    {
        "audio/speech",
        "audio/transcriptions",
        "audio/translations",
        "chat/completions",
        "completions",
        "edits",
        "embeddings",
        "images/edits",
        "images/generations",
        "images/variations",
        "moderations",
        "responses",
        "responses/compact",
        "responses/input_tokens",
    }
)
"""A model answers, and nothing else happens: asking twice does no harm."""
_WITHOUT_MODEL = frozenset({"containers", "conversations", "files", "models", "skills", "uploads", "vector_stores"})
"""Families in which a POST starts no model."""
_WITHOUT_WORK = frozenset({"cancel", "hangup", "items", "messages", "pause", "reject", "threads", "validate"})
"""What paths end with that only stop, keep or look at something."""
_MODELS_ELSEWHERE = (
    "batches",
    "chatkit/",
    "evals",
    "fine_tuning/alpha/",
    "realtime/calls",
    "realtime/client_secrets",
)
"""Where models are named in files or deep in the body, so that a member `model` at its top says nothing."""
_DOTS = frozenset({".", ".."})
_BETWEEN = re.compile(r"[/\\]")
"""Some servers take a backslash for a slash, and leave out what follows a semicolon."""
_ADMINISTRATION = frozenset({"organization", "projects"})
_STREAMS_USAGE = frozenset({"chat/completions", "completions"})

Creates = Literal["always", "unless told not to", "when told to", "never"]


@dataclass(frozen=True, slots=True)
class Route:
    """What is known about a method and a path."""

    label: str
    """Method and path with `{id}` in place of all that is not known, such as `GET /v1/files/{id}`."""
    first_part: str
    """What the path begins with, such as `files`."""
    path: str
    """Path below `/v1` without slash, percent-encoded as it came; without `engines/{id}/` where it began so."""
    ids: tuple[str, ...]
    """What stands in place of `{id}`, decoded."""
    model: str | None
    """Model that the path names."""
    is_answer: bool
    """Whether a model answers and nothing else happens."""
    needs_model: bool
    """Whether a model may be put to work, so that a caller who may not use all of them has to name it."""
    hides_models: bool
    """Whether which models are put to work cannot be told from the request."""
    streams_usage: bool
    """Whether a stream reports its tokens only when it is asked to."""
    is_administration: bool
    """Whether it concerns the account at the upstream."""
    leads_elsewhere: bool
    """Whether it climbs out of the upstream's base address, where our key is of no business."""
    creates: Creates
    """Whether something with an id comes into being at the upstream, as far as `store` decides it."""

    def may_create(self, store: Any) -> bool:
        """Whether something with an id may come into being, by what the request says in `store`."""
        match self.creates:
            case "unless told not to":
                return store is not False
            case "when told to":
                return store is True
        return self.creates == "always"


class Routes:
    """Finds out, and remembers paths without ids."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Route] = {}

    def route(self, method: str, raw_path: bytes) -> Route:
        """What a request means; `raw_path` is percent-encoded and starts with `/v1`."""
        key = method, raw_path
        route = self._known.get(key)
        if route is None:
            route = _read(method, raw_path.decode("latin-1").removeprefix("/v1").lstrip("/"))
            if not route.ids and len(self._known) < _MAX_KNOWN:
                self._known[key] = route
        return route


def _read(method: str, path: str) -> Route:
    leads_elsewhere = any(part.partition(";")[0] in _DOTS for part in _BETWEEN.split(unquote(path)))
    model, path, prefix = _model(path)
    parts = [part for part in path.split("/") if part]
    named = [part if part in _WORDS else "{id}" for part in parts[:_MAX_PARTS]]
    if parts and parts[0] == "models" and len(parts) > 1:  # names of models may hold slashes
        named = ["models", "{id}"]
    is_post = method == "POST"
    return Route(
        label=f"{method} /v1/{'/'.join([*prefix, *named])}",
        first_part=prefix[0] if prefix else parts[0] if parts else "",
        path=path,
        ids=tuple(unquote(part) for part in parts if part not in _WORDS),
        model=model,
        is_answer=is_post and path in _ANSWERS,
        needs_model=is_post and _needs_model(parts),
        hides_models=is_post and unquote("/".join(parts)).startswith(_MODELS_ELSEWHERE),
        streams_usage=is_post and path in _STREAMS_USAGE,
        is_administration=bool(parts) and unquote(parts[0]).lstrip("/").partition("/")[0] in _ADMINISTRATION,
        leads_elsewhere=leads_elsewhere,
        creates=_creates(path) if is_post else "never",
    )


def _creates(path: str) -> Creates:
    """OpenAI keeps responses unless `store` is false, and chats only where it is true."""
    if path == "chat/completions":
        return "when told to"
    if path == "responses":
        return "unless told not to"
    return "never" if path in _ANSWERS else "always"


_ENGINE: Mapping[bool, list[str]] = {True: ["engines", "{id}"], False: []}


def _model(path: str) -> tuple[str | None, str, list[str]]:
    """The model a path names, the path without the engine, and what the label starts with."""
    parts = path.split("/")
    if parts[0] == "models" and len(parts) > 1 and parts[1]:
        return unquote("/".join(parts[1:])), path, []
    if parts[0] == "engines" and len(parts) > 1 and parts[1]:
        return unquote(parts[1]), "/".join(parts[2:]), _ENGINE[True]
    return None, path, _ENGINE[False]


def _needs_model(parts: list[str]) -> bool:
    return bool(parts) and parts[0] not in _WITHOUT_MODEL and parts[-1] not in _WITHOUT_WORK
