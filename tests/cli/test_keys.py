"""`footnote keys`, through the service and in the database itself."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.api.keyholders import ADMIN_KEY, Keyholders, guarded_service
from tests.cli.terminal import Outcome, run, started, until
from tests.fakes.openai_server import FakeOpenAI

KEY = re.compile(r"sk-fn-[\w-]{43}")


@pytest.fixture(scope="module")
def guarded(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    with guarded_service(tmp_path_factory.mktemp("data"), OPENAI_BASE_URL=upstream.base_url) as opened:
        yield opened


def footnote(guarded: Keyholders, folder: Path, *arguments: str, key: str = ADMIN_KEY) -> Outcome:
    return run(folder, *arguments, FOOTNOTE_URL=guarded.address, FOOTNOTE_API_KEY=key)


def test_a_key_is_made_used_rotated_and_revoked(guarded: Keyholders, tmp_path: Path) -> None:
    asked = partial(footnote, guarded, tmp_path)
    guarded.admin.post("/stores", json={"name": "handbook"})
    limits = ("--requests-per-minute", "100", "--monthly-budget-usd", "2.5", "--days", "30", "--model", "gpt-*")
    made = asked("keys", "create", "web site", "--permission", "search", "--store", "handbook", *limits)
    key = made.out.strip()
    assert (made.status, bool(KEY.fullmatch(key))) == (0, True), made.err
    key_id = made.err.split()[0]
    assert asked("search", "x", "--store", "handbook", key=key).status == 0

    listed = asked("keys", "list")
    (row,) = [line for line in listed.out.splitlines() if key_id in line]
    for word in ("web site", f"…{key[-4:]}", "search", "gpt-*", "100 requests/min", "$2.5/month", "valid until"):
        assert word in row
    assert key not in listed.out

    rotated = asked("keys", "rotate", key_id, "--grace-hours", "1")
    assert KEY.fullmatch(rotated.out.strip())
    for good in (key, rotated.out.strip()):
        assert asked("search", "x", "--store", "handbook", key=good).status == 0

    assert asked("keys", "revoke", key_id).out == f"{key_id} is revoked.\n"
    refused = asked("search", "x", "--store", "handbook", key=rotated.out.strip())
    assert (refused.status, "revoked" in refused.err) == (1, True)
    assert key_id not in asked("keys", "list").out
    assert "revoked" in asked("keys", "list", "--all").out


def test_json_is_what_the_service_answers(guarded: Keyholders, tmp_path: Path) -> None:
    made = json.loads(footnote(guarded, tmp_path, "keys", "create", "program", "--json").out)
    listed = json.loads(footnote(guarded, tmp_path, "keys", "list", "--json").out)
    assert {**made, "last_used_at": None} in [{**one, "key": made["key"]} for one in listed]


def test_what_is_refused_says_why(guarded: Keyholders, tmp_path: Path) -> None:
    for arguments, words in (
        (("keys", "create", "x", "--permission", "root"), "permissions"),
        (("keys", "create", "x", "--store", "nowhere"), "There is no store 'nowhere'"),
        (("keys", "revoke", "key_none"), "There is no key 'key_none'"),
    ):
        outcome = footnote(guarded, tmp_path, *arguments)
        assert (outcome.status, words in outcome.err) == (1, True), outcome.err
    nobody = footnote(guarded, tmp_path, "search", "x", key="sk-fn-wrong")
    assert (nobody.status, "FOOTNOTE_API_KEY" in nobody.err) == (1, True)


def test_a_lost_key_is_replaced_without_the_service(upstream: FakeOpenAI, tmp_path: Path) -> None:
    serve = partial(started, tmp_path, "serve", OPENAI_BASE_URL=upstream.base_url, FOOTNOTE_KEYS_REQUIRED="true")
    with serve() as service:
        address = service.address
        until(lambda: "Ctrl-C" in service.text)
        (first,) = set(KEY.findall(service.text))
        assert run(tmp_path, "keys", "list", FOOTNOTE_URL=address, FOOTNOTE_API_KEY=first).status == 0
        taken = run(tmp_path, "keys", "list", "--offline")
        assert (taken.status, "data.dir" in taken.err) == (1, True)
    elsewhere = tmp_path / "elsewhere"
    lost = run(elsewhere, "keys", "create", "nowhere", "--offline")
    assert (lost.status, "There is no database" in lost.err) == (1, True)
    assert not (elsewhere / "footnote.db").exists()
    made = run(tmp_path, "keys", "create", "found again", "--permission", "admin", "--offline")
    assert KEY.fullmatch(made.out.strip())
    listed = json.loads(run(tmp_path, "keys", "list", "--offline", "--json").out)
    assert [key["name"] for key in listed] == ["first admin key", "found again"]
    assert run(tmp_path, "keys", "revoke", listed[0]["id"], "--offline").status == 0
    assert (
        "There is no permission 'root'" in run(tmp_path, "keys", "create", "x", "--permission", "root", "--offline").err
    )
    with serve() as service:
        address = service.address
        for key, status in ((made.out.strip(), 0), (first, 1)):
            assert run(tmp_path, "keys", "list", FOOTNOTE_URL=address, FOOTNOTE_API_KEY=key).status == status
        assert not KEY.search(service.text)
