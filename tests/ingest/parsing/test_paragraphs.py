import pytest

from ingest.parsing.paragraphs import join_lines


def test_list_items_labels_and_rows_stay_on_their_own_lines() -> None:
    lines = [
        "The following documents have to be handed in by every applicant",
        "• a passport that is valid for at least six months after arrival",
        "• a photograph",
        "1. the form",
        "Name: Ada Lovelace",
        "Address: London",
        "Alabama 18,870 23,022 22,650 859",
        "Alaska 209 3,062 3,209 191",
    ]
    assert join_lines("\r\n".join(lines)).split("\n") == lines


def test_a_short_line_in_title_case_is_not_drawn_into_the_text() -> None:
    page = "Annual Report\nThe company has had a very good year in all of its regions and\nmore than one product."
    assert join_lines(page).split("\n")[0] == "Annual Report"


def test_a_hyphen_that_the_page_break_made_disappears_and_one_of_a_name_stays() -> None:
    assert join_lines("the represen\ufffetative of the group") == "the representative of the group"
    assert join_lines("the Austro\ufffeHungarian empire") == "the Austro-Hungarian empire"
    assert join_lines("about FAA\xad\n2020 and more") == "about FAA-2020 and more"


def test_lines_of_chinese_are_joined_without_a_blank() -> None:
    page = (
        "人工智能是计算机科学的一个分支，它企图了解智能的实质，\n并生产出一种新的机器。\n"
        "第二段从这里开始，它也足够长以至于需要换行显示在页面\n上面。"
    )
    assert join_lines(page).split("\n") == [
        "人工智能是计算机科学的一个分支，它企图了解智能的实质，并生产出一种新的机器。",
        "第二段从这里开始，它也足够长以至于需要换行显示在页面上面。",
    ]


def test_letter_spacing_between_ideographs_is_removed_but_not_between_words() -> None:
    assert join_lines("全 世 界 无 产 者 ， 联 合 起 来") == "全世界无产者，联合起来"
    assert join_lines("version 2 of the text") == "version 2 of the text"


@pytest.mark.parametrize(("printed", "plain"), [("ofﬁce", "office"), ("⽂件", "文件"), ("ﺳﻼم", "سلام")])
def test_presentation_forms_become_plain_letters(printed: str, plain: str) -> None:
    assert join_lines(printed) == plain


def test_a_column_of_line_numbers_is_dropped() -> None:
    page = "\n".join(["Text of the page.", *map(str, range(1, 31)), "S31", "Footer"])
    assert join_lines(page) == "Text of the page.\nFooter"


def test_numbers_that_do_not_count_up_stay() -> None:
    page = "1\n3\n5\n7\n9\n11\n13\n15\n17\n19\n21\n23"
    assert join_lines(page) == page
