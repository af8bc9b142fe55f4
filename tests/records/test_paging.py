import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from records.paging import Page, rows_of
from records.schema import files

ROWS = [(f"id{number:02}", number // 3) for number in range(10)]


def ids(connection: sa.Connection, page: Page) -> list[str]:
    return [row["id"] for row in rows_of(connection, sa.select(files), files, page)]


@settings(max_examples=60, deadline=None)
@given(
    ascending=st.booleans(),
    limit=st.integers(1, 12),
    after=st.none() | st.integers(0, 9),
    before=st.none() | st.integers(0, 9),
)
def test_a_page_is_what_a_list_has_between_two_places(
    ascending: bool, limit: int, after: int | None, before: int | None
) -> None:
    whole = [row_id for row_id, _ in ROWS][:: 1 if ascending else -1]
    wanted = Page(limit, ascending, *(None if place is None else f"id{place:02}" for place in (after, before)))
    first = 0 if after is None else whole.index(f"id{after:02}") + 1
    last = len(whole) if before is None else whole.index(f"id{before:02}")
    between = whole[first:last]
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        files.create(connection)
        common = {"filename": "name", "bytes": 1, "sha256": "aa"}
        rows = [{"id": row_id, "created_at": made_at, **common} for row_id, made_at in ROWS]
        connection.execute(sa.insert(files), rows)
        expected = between[-limit:] if before is not None and after is None else between[:limit]
        assert ids(connection, wanted) == expected
    engine.dispose()
