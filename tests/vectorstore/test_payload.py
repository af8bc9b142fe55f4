import json
import math

from hypothesis import given
from hypothesis import strategies as st

from vectorstore import AttributeValue
from vectorstore.payload import attribute_path, pack, unpack

values = st.one_of(st.text(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False))


@given(st.dictionaries(st.text(), values))
def test_attributes_come_back_as_they_were(attributes: dict[str, AttributeValue]) -> None:
    finite = {key: value for key, value in attributes.items() if isinstance(value, str) or math.isfinite(value)}
    back = unpack(json.loads(json.dumps(pack(finite))))
    assert back == finite
    assert {key: type(value) for key, value in back.items()} == {key: type(value) for key, value in finite.items()}


@given(st.text(), st.text())
def test_different_keys_have_different_paths(one: str, other: str) -> None:
    assert (attribute_path(one, "text") == attribute_path(other, "text")) == (one == other)


@given(st.text())
def test_a_path_quotes_its_key_whatever_it_holds(key: str) -> None:
    path = attribute_path(key, "number")
    assert path.startswith('attributes.number."')
    assert path.count('"') == 2
    assert "\\" not in path
