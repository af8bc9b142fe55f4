from search.similarity import overlap, rarity
from search.terms import terms


def test_words_are_terms_whatever_their_case_and_width() -> None:
    assert terms("FastAPI ＦＡＳＴ-api_2") == ["fastapi", "fast", "api", "2"]


def test_chinese_gives_pairs_of_neighbours() -> None:
    assert terms("望远镜") == ["望远", "远镜"]
    assert terms("用FastAPI写") == ["用", "fastapi", "写"]


def test_a_rare_term_counts_for_more() -> None:
    texts = ["the mirror", "the dome", "the tube"]
    weights = rarity(texts)
    assert overlap(["the", "mirror"], "mirror", weights) > overlap(["the", "mirror"], "the", weights)


def test_overlap_is_a_share() -> None:
    assert overlap(["a", "b"], "a b c", {}) == 1.0
    assert overlap(["a", "b"], "c", {}) == 0.0
    assert overlap([], "c", {}) == 0.0
