"""Which ids are of something that is here, for whoever has to tell ours from those of others."""

import re
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection

from records.schema import files, responses, stores, uploads

_TABLES: Mapping[str, sa.Table] = {"file-": files, "upload_": uploads, "resp_": responses, "vs_": stores}
_FORM = re.compile(r"(file-|upload_|resp_|vs_)[0-9a-f]{24}")
_MAX_PARAMETERS = 500


def is_our_form(one: str) -> bool:
    """Whether an id looks like one that is made here; others made them of other characters, mostly."""
    return _FORM.fullmatch(one) is not None


def here(connection: Connection, ids: Collection[str]) -> Collection[str]:
    """Those of the ids that a file, an upload, a response or a store has."""
    wanted: dict[str, list[str]] = {}
    for one in ids:
        if found := _FORM.fullmatch(one):
            wanted.setdefault(found[1], []).append(one)
    return {one for prefix, some in wanted.items() for one in _of_table(connection, _TABLES[prefix], some)}


def _of_table(connection: Connection, table: sa.Table, ids: list[str]) -> Collection[str]:
    query = sa.select(table.c.id).where(table.c.id.in_(ids[:_MAX_PARAMETERS]))
    return connection.execute(query).scalars().all()
