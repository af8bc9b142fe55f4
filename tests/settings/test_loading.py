from pathlib import Path

import pytest

from settings import SettingsError, load_settings


def write(folder: Path, text: str) -> dict[str, str]:
    path = folder / "footnote.toml"
    path.write_text(text, encoding="utf-8")
    return {"FOOTNOTE_CONFIG": str(path)}


def test_everything_has_a_default() -> None:
    settings = load_settings({})
    assert settings.server.host == "127.0.0.1"
    assert settings.upstream.api_key is None


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    environ = write(tmp_path, "[server]\nport = 1\nhost = '::1'\n") | {"FOOTNOTE_SERVER_PORT": "2"}
    settings = load_settings(environ)
    assert (settings.server.port, settings.server.host) == (2, "::1")


def test_openai_names_fill_in_what_is_not_set() -> None:
    settings = load_settings(
        {"OPENAI_API_KEY": "a", "OPENAI_BASE_URL": "http://b/v1", "FOOTNOTE_UPSTREAM_API_KEY": "c"}
    )
    assert settings.upstream.api_key is not None
    assert settings.upstream.api_key.get_secret_value() == "c"
    assert settings.upstream.base_url == "http://b/v1"


def test_an_empty_variable_counts_as_unset() -> None:
    assert load_settings({"FOOTNOTE_SERVER_PORT": "", "OPENAI_BASE_URL": ""}).upstream.base_url is None


def test_none_unsets_an_option_that_has_a_default() -> None:
    assert load_settings({"FOOTNOTE_UPSTREAM_CHAT_MODEL": "none"}).upstream.chat_model is None


@pytest.mark.parametrize(("value", "allowed"), [("abc", "valid integer"), ("70000", "65535"), ("-1", "0")])
def test_a_bad_value_names_the_option_what_was_read_and_what_is_allowed(value: str, allowed: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"FOOTNOTE_SERVER_PORT": value})
    message = str(caught.value)
    assert "FOOTNOTE_SERVER_PORT" in message
    assert value in message
    assert allowed in message


def test_every_bad_value_is_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"FOOTNOTE_SERVER_PORT": "x", "FOOTNOTE_LOG_LEVEL": "loud"})
    assert len(caught.value.problems) == 2


def test_a_misspelt_variable_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean FOOTNOTE_SERVER_PORT"):
        load_settings({"FOOTNOTE_SERVER_PROT": "1"})


def test_a_misspelt_option_in_the_file_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"did you mean upstream\.chat_model"):
        load_settings(write(tmp_path, "[upstream]\nchatmodel = 'x'\n"))


def test_a_table_where_a_value_belongs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"url \(FOOTNOTE_URL\).*valid string"):
        load_settings(write(tmp_path, "[url]\nx = 1\n"))


def test_a_value_where_a_table_belongs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="server"):
        load_settings(write(tmp_path, "server = 1\n"))


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a TOML file"):
        load_settings(write(tmp_path, "[[["))


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings({"FOOTNOTE_CONFIG": str(tmp_path / "none.toml")})


def test_a_secret_is_never_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, "[upstream]\napi_key = ['sk-secret']\n"))
    assert "sk-secret" not in str(caught.value)


def test_secrets_do_not_show_in_the_settings_themselves() -> None:
    assert "sk-secret" not in repr(load_settings({"OPENAI_API_KEY": "sk-secret"}))


@pytest.mark.parametrize(
    "url",
    [
        "nonsense-hunter2",
        "sqlite:///hunter2.db",
        "mysql://a:hunter2@b/c",
        "postgresql://a:hunter2@b/c",
        "postgresql+psycopg://a:hunter2@b:port/c",
        "postgresql+psycopg://a:hunter2@[b/c",
        "postgresql+psycopg://a:hunter2@b",
    ],
)
def test_a_database_that_cannot_be_used_is_refused_by_name_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"FOOTNOTE_DATABASE_URL": url})
    message = str(caught.value)
    assert "FOOTNOTE_DATABASE_URL" in message
    assert "postgresql+psycopg://user:password@host/name" in message
    assert "hunter2" not in message


def test_a_postgres_database_is_taken() -> None:
    url = "postgresql+psycopg://a:p%40ss@b:5432/c"
    read = load_settings({"FOOTNOTE_DATABASE_URL": url}).database.url
    assert read is not None
    assert read.get_secret_value() == url


def test_host_names_are_a_list_in_the_file_and_separated_by_commas_in_the_environment(tmp_path: Path) -> None:
    environ = write(tmp_path, "[server]\nallowed_hosts = ['A.lan', 'b.lan']\n")
    assert load_settings(environ).server.allowed_hosts == ("a.lan", "b.lan")
    environ["FOOTNOTE_SERVER_ALLOWED_HOSTS"] = "c.lan, D.lan"
    assert load_settings(environ).server.allowed_hosts == ("c.lan", "d.lan")
    assert load_settings({}).server.allowed_hosts is None


def test_servers_have_names_of_their_own_in_the_environment_and_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[upstreams.azure]\nbase_url = "https://a/v1"\naliases = { fast = "gpt-4o-mini" }\n')
    environ = {
        "FOOTNOTE_CONFIG": str(file),
        "FOOTNOTE_UPSTREAMS_AZURE_WEIGHT": "3",
        "FOOTNOTE_UPSTREAMS_LOCAL1_BASE_URL": "http://b/v1",
        "FOOTNOTE_UPSTREAMS_LOCAL1_API_KEYS": "one, two",
        "FOOTNOTE_UPSTREAMS_LOCAL1_ALIASES": "fast=qwen, slow = llama",
    }
    servers = load_settings(environ).upstreams
    assert servers["azure"].weight == 3
    assert servers["azure"].aliases == {"fast": "gpt-4o-mini"}
    assert [key.get_secret_value() for key in servers["local1"].api_keys] == ["one", "two"]
    assert servers["local1"].aliases == {"fast": "qwen", "slow": "llama"}
    assert servers["local1"].models == ("*",)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FOOTNOTE_UPSTREAMS_AZURE_BASE_URLS", "x", "did you mean FOOTNOTE_UPSTREAMS_AZURE_BASE_URL[?]"),
        ("FOOTNOTE_UPSTREAMS_AZURE_WEIGHT", "2", r"upstreams\.azure\.base_url"),
        ("FOOTNOTE_RELAY_ALIASES", "fast", "alias=model"),
        ("FOOTNOTE_USAGE_PRICES", "{", "JSON"),
    ],
)
def test_a_wrong_server_or_table_is_refused_by_name(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings({variable: value})


def test_a_bad_key_of_a_server_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"FOOTNOTE_UPSTREAMS_A_BASE_URL": "http://a/v1", "FOOTNOTE_UPSTREAMS_A_WEIGHT": "-1"})
    assert "upstreams.a.weight (FOOTNOTE_UPSTREAMS_A_WEIGHT): read '-1'" in str(caught.value)


def test_prices_are_a_table_in_the_file_and_json_in_the_environment() -> None:
    settings = load_settings({"FOOTNOTE_USAGE_PRICES": '{"my-*": {"input": 0.1, "output": 0.2}}'})
    assert settings.usage.prices["my-*"].output == 0.2


def test_a_missing_value_is_named_without_what_is_beside_it() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"FOOTNOTE_UPSTREAMS_A_API_KEYS": "sk-secret"})
    assert "upstreams.a.base_url (FOOTNOTE_UPSTREAMS_A_BASE_URL): it must be set." in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_a_misspelt_option_of_a_server_is_shown_under_its_name(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[upstreams.azure]\napi_key = "x"\n')
    with pytest.raises(SettingsError, match=r"did you mean upstreams\.azure\.api_keys[?]"):
        load_settings({"FOOTNOTE_CONFIG": str(file)})
