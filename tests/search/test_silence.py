import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.silence import SentinelFilter, not_said

SIGN = "NOT_IN_DOCUMENTS"


def run(pieces: list[str]) -> tuple[str, bool]:
    sentinel = SentinelFilter(SIGN)
    shown = "".join(sentinel.feed(piece) for piece in pieces) + sentinel.finish()
    return shown, sentinel.seen


@pytest.mark.parametrize(
    "text", [SIGN, f"{SIGN}.", f" {SIGN}\nThe passages say nothing.", f"`{SIGN}`", f"**{SIGN}**", f"\n\n{SIGN.lower()}"]
)
def test_the_sign_and_what_follows_it_are_never_shown(text: str) -> None:
    assert run(list(text)) == ("", True)


@pytest.mark.parametrize(
    "text",
    [
        "No.",
        "NOT",
        "Not in these documents.",
        "NOTHING [1]",
        "",
        "  ",
        "\n\n  a\n\n\nb\n",
        f"It is {SIGN}.",
        "a\n```\nb",
    ],
)
def test_any_other_text_gets_through_whole(text: str) -> None:
    assert run(list(text)) == (text, False)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Three weeks [1].\n\n{SIGN}", "Three weeks [1]."),
        (f"Three weeks [1].\n**{SIGN}**\n", "Three weeks [1].\n"),
        (f"Three weeks [1].\n{SIGN}.\n{SIGN}\nOr four [2].", "Three weeks [1].\nOr four [2]."),
    ],
)
def test_below_an_answer_the_line_of_the_sign_is_left_out(text: str, shown: str) -> None:
    assert run(list(text)) == (shown, False)


@settings(max_examples=100)
@given(st.lists(st.sampled_from(["NOT", "_IN_", "DOCUMENTS", " ", "x", "`", "\n", f"\n{SIGN}"])))
def test_the_cuts_of_the_stream_change_nothing(pieces: list[str]) -> None:
    assert run(pieces) == run(["".join(pieces)])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How long?", "The documents do not say."),
        ("Wifi?", "The documents do not say."),
        ("", "The documents do not say."),
        ("多久？", "文档中没有提到。"),
        ("望远镜可以借多久？", "文档中没有提到。"),
        ("請問望遠鏡可以借多久？", "文件中沒有提到。"),
        ("いつですか", "文書には記載がありません。"),
        ("漢字は何ですか", "文書には記載がありません。"),
        ("얼마나 오래 빌릴 수 있나요?", "문서에 언급되어 있지 않습니다."),
        ("Сколько это стоит?", "В документах об этом не сказано."),
        (
            "Wie lange darf ich das Teleskop behalten, und was ist mit dem Fernglas?",
            "In den Dokumenten steht dazu nichts.",
        ),
        ("Qui est le directeur de la bibliothèque ?", "Les documents ne le disent pas."),
        ("¿Quién es el director de la biblioteca?", "Los documentos no lo dicen."),
        ("Quem é o diretor da biblioteca?", "Os documentos não o dizem."),
        ("Chi è il direttore della biblioteca?", "I documenti non lo dicono."),
    ],
)
def test_silence_speaks_the_language_of_the_question(question: str, answer: str) -> None:
    assert not_said(question) == answer
