import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.scripts import comparable_scripts, scripts_of


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("plain English words", ("latin",)),
        ("Größe, naïve, ｆｕｌｌ", ("latin",)),
        ("知识图谱的构建", ("han",)),
        ("これは日本語の文章です", ("japanese",)),
        ("カタカナ", ("japanese",)),
        ("한국어 문장", ("hangul",)),
        ("Привет, мир", ("cyrillic",)),
        ("مرحبا بالعالم", ("arabic",)),
        ("שלום עולם", ("hebrew",)),
        ("Καλημέρα κόσμε", ("greek",)),
        ("नमस्ते दुनिया", ("devanagari",)),
        ("ภาษาไทย", ("thai",)),
        ("Գրքեր", ("other",)),
        ("FastAPI 的依赖注入如何使用", ("han",)),
        ("The word 你好 means hello in Chinese, as everybody knows", ("latin",)),
        ("使用 pip install fastapi 安装", ("han", "latin")),
        ("第1章 东京の概要和历史以及地理位置", ("han",)),
        ("1234 + 56 = ?", ()),
        ("", ()),
    ],
)
def test_a_text_belongs_to_the_scripts_that_make_up_much_of_it(text: str, scripts: tuple[str, ...]) -> None:
    assert scripts_of(text) == scripts


@pytest.mark.parametrize(
    ("question", "scripts"),
    [
        ("what is it", ("latin",)),
        ("東京大学", ("han", "japanese")),
        ("東京大学はどこですか", ("japanese",)),
        ("FastAPI 怎么部署", ("han", "japanese")),
        ("404?", ()),
    ],
)
def test_a_question_is_compared_with_passages_that_can_share_its_words(question: str, scripts: tuple[str, ...]) -> None:
    assert comparable_scripts(question) == scripts


@given(st.text())
def test_every_text_with_letters_has_a_script(text: str) -> None:
    scripts = scripts_of(text)
    assert len(set(scripts)) == len(scripts)
    assert bool(scripts) or not any(letter.isalpha() for letter in text)


@given(st.text())
def test_a_text_can_be_found_by_itself(text: str) -> None:
    wanted = comparable_scripts(text)
    assert not wanted or set(wanted) & set(scripts_of(text))
