"""Responses: answers that are kept, so that a later question can go on from them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from records.ids import ResponseId
from records.schema import responses

KEEP_SECONDS = 30 * 86_400
_MOST_BEFORE = 100
"""Turns of one conversation that are looked at."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer and what was asked."""

    id: ResponseId
    key_id: str | None
    """Who asked; None where no key was needed."""
    status: str
    previous_id: str | None
    """The one that it goes on from."""
    input: Sequence[Mapping[str, Any]]
    """What was said before the answer and after the one it goes on from, as items."""
    body: Mapping[str, Any]
    """The answer as it was sent."""
    created_at: int
    expires_at: int


def add(connection: Connection, response: Response) -> None:
    """Keep a response. JSON without NUL characters, which Postgres does not take."""
    connection.execute(sa.insert(responses).values(asdict(response)))


def find(connection: Connection, response_id: str) -> Response | None:
    """The response of that id, unless it has expired."""
    query = sa.select(responses).where(responses.c.id == response_id, responses.c.expires_at > int(time.time()))
    row = connection.execute(query).mappings().first()
    return Response(**{str(name): value for name, value in row.items()}) if row else None


def conversation(connection: Connection, response: Response) -> Sequence[Response]:
    """The response and those it goes on from, oldest first; as far as they are still there and of the same key."""
    found = [response]
    while found[-1].previous_id is not None and len(found) < _MOST_BEFORE:
        before = find(connection, found[-1].previous_id)
        if before is None or before.key_id != response.key_id:
            break
        found.append(before)
    return found[::-1]


def remove(connection: Connection, response_id: ResponseId) -> bool:
    """Forget a response; False when there was none."""
    return connection.execute(sa.delete(responses).where(responses.c.id == response_id)).rowcount > 0


def remove_expired(connection: Connection) -> None:
    """Forget the responses whose time is over."""
    connection.execute(sa.delete(responses).where(responses.c.expires_at <= int(time.time())))
