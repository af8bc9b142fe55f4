from pathlib import Path

import pytest

from settings.names import Option, all_options, environment_name
from settings.options import Settings
from settings.reference import as_env_file, as_markdown

ROOT = Path(__file__).parents[2]
OPTIONS = list(all_options(Settings))


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: ".".join(option.path))
def test_every_option_is_documented(option: Option) -> None:
    assert len(option.meaning) > 20, "write what it means, with its unit and the reason it exists"


def test_environment_names_are_distinct() -> None:
    assert len({environment_name(option.path) for option in OPTIONS}) == len(OPTIONS)


def test_the_option_list_in_docs_is_the_one_in_the_code() -> None:
    assert (ROOT / "docs" / "options.md").read_text(encoding="utf-8") == as_markdown(), "run `just docs`"


def test_the_sample_environment_is_the_one_in_the_code() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == as_env_file(), "run `just docs`"
