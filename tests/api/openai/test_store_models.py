from pathlib import Path

import pytest

from api.openai.store_models import find
from settings import SettingsError, StoreModel, load_settings


def test_models_of_stores_are_set_by_file_or_environment(tmp_path: Path) -> None:
    file = tmp_path / "footnote.toml"
    file.write_text('[models.desk]\nstores = ["loans", "hours"]\ninstructions = "Be formal."\n', encoding="utf-8")
    settings = load_settings({"FOOTNOTE_CONFIG": str(file), "FOOTNOTE_MODELS_DESK_MODEL": "writer"})
    assert settings.models == {"desk": StoreModel(stores=("loans", "hours"), model="writer", instructions="Be formal.")}
    assert load_settings({"FOOTNOTE_MODELS_DESK_STORES": "a, b"}).models["desk"].stores == ("a", "b")


@pytest.mark.parametrize("stores", [{}, {"FOOTNOTE_MODELS_DESK_STORES": ","}])
def test_a_model_needs_a_store(stores: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"models\.desk\.stores"):
        load_settings({"FOOTNOTE_MODELS_DESK_MODEL": "writer", **stores})


def test_a_name_is_of_a_store_model_when_it_is_set_or_begins_with_store() -> None:
    settings = load_settings({"FOOTNOTE_MODELS_DESK_STORES": "loans"})
    assert find(settings, "desk") == find(settings, "store/loans") == StoreModel(stores=("loans",))
    assert [find(settings, name) for name in ("gpt-4o", "store/", "", "stores/loans")] == [None] * 4


def test_any_text_may_be_asked_for() -> None:
    found = find(load_settings({}), "store/\ud800")
    assert found is not None
    assert found.stores == ("\ud800",)
