from search.similarity import Rarity
from search.terms import terms


def test_simplified_and_traditional_chinese_are_the_same_terms() -> None:
    assert terms("頭髮乾燥") == terms("头发干燥")


def test_words_are_terms_whatever_their_case_and_width() -> None:
    assert terms("FastAPI ＦＡＳＴ-api_2") == ["fastapi", "fast", "api", "2"]


def test_chinese_gives_pairs_of_neighbours() -> None:
    assert terms("望远镜") == ["望远", "远镜"]
    assert terms("用FastAPI写") == ["用", "fastapi", "写"]


def test_a_rare_term_counts_for_more() -> None:
    rarity = Rarity(["the mirror", "the dome", "the tube"])
    assert rarity.overlap(["the", "mirror"], "mirror") > rarity.overlap(["the", "mirror"], "the")


def test_overlap_is_a_share() -> None:
    rarity = Rarity(["a", "b", "c"])
    assert rarity.overlap(["a", "b"], "a b c") == 1.0
    assert rarity.overlap(["a", "b"], "c") == 0.0
    assert rarity.overlap([], "c") == 0.0


def test_a_term_that_no_text_has_weighs_most() -> None:
    assert Rarity(["a", "b"]).overlap(["a", "unseen"], "a") < 0.5
