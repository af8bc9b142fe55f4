import pytest

from language.chinese import simplified


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("頭髮乾燥，發展乾坤", "头发干燥，发展乾坤"),
        ("程序员打开文件", "程序员打开文件"),
        ("東京", "东京"),
        ("No Chinese at all.", "No Chinese at all."),
        ("", ""),
    ],
)
def test_traditional_characters_become_simplified_ones_and_nothing_else_changes(text: str, expected: str) -> None:
    assert simplified(text) == expected
