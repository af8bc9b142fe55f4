import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.silence import SentinelFilter, not_said

SIGN = "NOT_IN_DOCUMENTS"


def run(pieces: list[str]) -> tuple[str, bool]:
    sentinel = SentinelFilter(SIGN)
    shown = "".join(sentinel.feed(piece) for piece in pieces) + sentinel.finish()
    return shown, sentinel.seen


@pytest.mark.parametrize("text", [SIGN, f"{SIGN}.", f" {SIGN}\nThe passages say nothing.", f"`{SIGN}`", f"**{SIGN}**"])
def test_the_sign_and_what_follows_it_are_never_shown(text: str) -> None:
    assert run(list(text)) == ("", True)


@pytest.mark.parametrize("text", ["No.", "NOT", "Not in these documents.", "NOTHING [1]", "", "  "])
def test_any_other_text_gets_through_whole(text: str) -> None:
    assert run(list(text)) == (text, False)


@given(st.lists(st.sampled_from(["NOT", "_IN_", "DOCUMENTS", " ", "x", "`"])))
def test_the_cuts_of_the_stream_change_nothing(pieces: list[str]) -> None:
    assert run(pieces) == run(["".join(pieces)])


def test_silence_speaks_the_language_of_the_question() -> None:
    assert not_said("How long?") == "The documents do not say."
    assert not_said("多久？") == "文档中没有提到。"
    assert not_said("いつですか") == "文書には記載がありません。"
