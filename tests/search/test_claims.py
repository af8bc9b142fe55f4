import pytest

from search.claims import statements


def said(answer: str) -> list[str]:
    return [one.words for one in statements(answer) if one.claims]


@pytest.mark.parametrize(
    ("answer", "claims"),
    [
        ("Hello! Sure. It is lent for three weeks [1].", ["It is lent for three weeks."]),
        ("# Loans\n\nThree weeks [1].", ["Three weeks."]),
        ("**Loans**\n\nThree weeks [1].", ["Three weeks."]),
        ("It is lent. Do you want to know more?", ["It is lent."]),
        ("The documents do not say what it weighs. It is lent.", ["It is lent."]),
        ("文档中没有提到价格。可以借三周[1]。", ["可以借三周。"]),
        ("您好！可以借三周[1]。还需要什么吗？", ["可以借三周。"]),
        ("Here are the rules:\n- It is lent\n- It is cleaned", ["It is lent", "It is cleaned"]),
        ("The fee is 20 euros:\n- It is lent", ["The fee is 20 euros:", "It is lent"]),
        ("60 [1].", ["60."]),
        ("12. It is lent", ["It is lent"]),
        ("Run this:\n```\nx = 1\n```\nIt is lent.", ["It is lent."]),
        ("| Item | Weeks |\n|---|---|\n| Chart | 3 [1] |", ["Chart   3"]),
        ("Use *two* `rows[1]` of it [2].", ["Use  two   rows[1]  of it."]),
    ],
)
def test_only_what_says_something_is_a_claim(answer: str, claims: list[str]) -> None:
    assert said(answer) == claims


def test_a_question_or_a_heading_with_a_marker_is_kept_without_being_a_claim() -> None:
    found = list(statements("## Loans [1]\n\nIs it lent [2]?"))
    assert [(one.claims, list(one.places)) for one in found] == [(False, [1]), (False, [2])]


def test_places_are_those_of_the_markers_in_the_answer() -> None:
    answer = "First. It is lent [2] and cleaned [1][2]."
    (_, second) = statements(answer)
    assert second.places == {2: answer.index("[2]"), 1: answer.index("[1]")}
    assert answer[second.start : second.end] == "It is lent [2] and cleaned [1][2]."


def test_items_inherit_from_their_lead_in_until_the_list_ends() -> None:
    found = list(statements("Rules [3]:\n- It is lent\n- It is cleaned [1]\n\nThe dome is open."))
    assert [list(one.numbers) for one in found if one.claims] == [[3], [1], []]
