"""What an embedding model wants to be told: some tell questions from passages by words in front, or by a field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from settings.options import EmbeddingWording
from settings.patterns import fits


@dataclass(frozen=True, slots=True)
class Wording:
    """How texts of one kind are sent."""

    prefix: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the call, which override ours."""

    def texts(self, texts: Sequence[str]) -> list[str]:
        """The texts as they are sent."""
        return [self.prefix + text for text in texts]


@dataclass(frozen=True, slots=True)
class Wordings:
    """How questions and passages are sent to a model."""

    question: Wording = Wording()
    document: Wording = Wording()

    @property
    def mark(self) -> str:
        """Tells vectors of passages that were worded in different ways apart; empty where they are sent as they are."""
        document = self.document
        return to_json([document.prefix, document.fields]).decode() if document.prefix or document.fields else ""


def wordings_of(options: Mapping[str, EmbeddingWording], model: str) -> Wordings:
    """What the first group that names the model says; by default, nothing is added."""
    for group in options.values():
        if any(fits(model, pattern) for pattern in group.models):
            return Wordings(
                Wording(group.question_prefix, group.question_fields),
                Wording(group.document_prefix, group.document_fields),
            )
    return Wordings()
