import re

from hypothesis import given
from hypothesis import strategies as st

from vectorstore import Collection
from vectorstore.naming import collection_name

collections = st.builds(Collection, st.text(), st.integers(0, 70_000))


def test_a_name_is_readable() -> None:
    name = collection_name(Collection("text-embedding-3-small", 1536))
    assert re.fullmatch(r"text-embedding-3-small-1536-[0-9a-f]{8}", name)


@given(collections)
def test_a_name_is_safe_everywhere(collection: Collection) -> None:
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,80}", collection_name(collection))


@given(collections, collections)
def test_collections_have_names_of_their_own(one: Collection, other: Collection) -> None:
    assert (collection_name(one) == collection_name(other)) == (one == other)
