"""Pages of lists, as OpenAI's clients ask for them and go through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, TypeVar

from fastapi import Depends, Query

from records.paging import Page


class Listed(Protocol):
    """What lists are made of."""

    id: str


T = TypeVar("T", bound=Listed)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which page a request asks for."""

    limit: Annotated[int, Query(ge=1, le=100)] = 20
    order: Annotated[Literal["asc", "desc"], Query(description="By when they were made.")] = "desc"
    after: Annotated[str | None, Query(description="Id of the last one of the page before.")] = None
    before: Annotated[str | None, Query(description="Id of the first one of the page behind.")] = None

    def page(self, after: str | None, before: str | None) -> Page:
        """One more than was asked for, which tells whether there are more; between these ids of rows."""
        return Page(self.limit + 1, ascending=self.order == "asc", after=after, before=before)

    def cut(self, rows: Sequence[R]) -> tuple[Sequence[R], bool]:
        """The rows that were asked for, and whether there are more beyond them."""
        if len(rows) <= self.limit:
            return rows, False
        is_backward = self.before is not None and self.after is None
        return (rows[1:] if is_backward else rows[: self.limit]), True


PageAsked = Annotated[Asked, Depends()]
"""A parameter of this type gives a route `limit`, `order`, `after` and `before`."""


def list_values(data: Sequence[T], *, has_more: bool) -> dict[str, Any]:
    """The fields of a list; both ids are empty when it is."""
    ends = (data[0].id, data[-1].id) if data else ("", "")
    return {"data": list(data), "first_id": ends[0], "last_id": ends[1], "has_more": has_more}
