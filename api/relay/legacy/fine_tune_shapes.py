"""Fine-tunes in the shape they had before there were jobs."""

from collections.abc import Callable, Mapping
from typing import Any

_STATUSES = {"validating_files": "pending", "queued": "pending", "paused": "pending"}
_OVER = frozenset({"succeeded", "failed", "cancelled"})
_HYPERPARAMETERS = ("n_epochs", "batch_size", "learning_rate_multiplier")
_SUCCESSORS = {
    "ada": "babbage-002",
    "babbage": "babbage-002",
    "curie": "davinci-002",
    "davinci": "davinci-002",
}
"""What OpenAI replaced the base models of old fine-tunes by (its page of deprecations, July 2023)."""
_FORMER_DEFAULT = "curie"
_SAME = ("training_file", "validation_file", "suffix")


def job_of(old: Mapping[str, Any], is_alias: Callable[[str], bool]) -> dict[str, Any]:
    """The request for a job that does what an old request did; what jobs no longer know is left out.

    Args:
        old: The old request.
        is_alias: Whether the options give a model another name, so that it must stay.
    """
    job = {name: old[name] for name in _SAME if old.get(name) is not None}
    hyperparameters = {name: old[name] for name in _HYPERPARAMETERS if old.get(name) is not None}
    if hyperparameters:
        job["hyperparameters"] = hyperparameters
    model = old.get("model") or _FORMER_DEFAULT
    if isinstance(model, str) and not is_alias(model):
        model = _SUCCESSORS.get(model, model)
    return {"model": model, **job}


def fine_tune_of(job: Mapping[str, Any], files: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A job in the old shape, without events; `files` by their ids."""
    status = str(job.get("status"))
    hyperparameters = job.get("hyperparameters") or {}
    return {
        "id": job.get("id"),
        "object": "fine-tune",
        "created_at": job.get("created_at"),
        "updated_at": job.get("finished_at") or job.get("created_at"),
        "model": job.get("model"),
        "fine_tuned_model": job.get("fine_tuned_model"),
        "organization_id": job.get("organization_id"),
        "status": _STATUSES.get(status, status),
        "hyperparams": {name: hyperparameters.get(name) for name in (*_HYPERPARAMETERS, "prompt_loss_weight")},
        "training_files": _of([job.get("training_file")], files),
        "validation_files": _of([job.get("validation_file")], files),
        "result_files": _of(job.get("result_files") or [], files),
    }


def event_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Something that happened to a job, in the old shape."""
    return {
        "object": "fine-tune-event",
        "created_at": event.get("created_at"),
        "level": event.get("level"),
        "message": event.get("message"),
    }


def file_of(file_id: str) -> dict[str, Any]:
    """A file of which nothing but its id is known, such as one that was deleted."""
    return {
        "id": file_id,
        "object": "file",
        "bytes": None,
        "created_at": None,
        "filename": None,
        "purpose": None,
    }


def is_over(job: Mapping[str, Any]) -> bool:
    """Whether nothing more will happen to a job."""
    return job.get("status") in _OVER


def _of(ids: list[Any], files: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    return [files.get(one) or file_of(one) for one in ids if isinstance(one, str)]
