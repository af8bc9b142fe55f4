import re
import socket
from contextlib import ExitStack
from pathlib import Path

from tests.cli.terminal import FOOTNOTE, run, started

COMMANDS = (
    "serve",
    "worker",
    "add",
    "replace",
    "status",
    "cancel",
    "retry",
    "search",
    "eval",
    "ask",
    "quickstart",
    "options",
    "reembed",
)


def test_every_command_explains_itself(tmp_path: Path) -> None:
    calls = [(), *((command,) for command in COMMANDS)]
    with ExitStack() as stack:
        helps = [stack.enter_context(started(tmp_path, *call, "--help")) for call in calls]
        version = stack.enter_context(started(tmp_path, "--version", program=FOOTNOTE))
        nothing = stack.enter_context(started(tmp_path, program=FOOTNOTE))
        outcomes = [shown.ended() for shown in helps]
        assert [(outcome.status, outcome.err) for outcome in outcomes] == [(0, "")] * len(calls)
        assert all("Usage: footnote" in outcome.out for outcome in outcomes)
        assert all(command in outcomes[0].out for command in COMMANDS)
        assert re.fullmatch(r"footnote \d+\.\d+\.\d+\n", version.ended().out)
        assert nothing.ended().status != 1
        assert "Usage: footnote" in nothing.text


def test_options_are_a_file_to_start_from(tmp_path: Path) -> None:
    shown = run(tmp_path, "options")
    assert shown.status == 0
    assert "#FOOTNOTE_SERVER_PORT=8321\n" in shown.out
    assert all(line.startswith("#") or not line for line in shown.out.splitlines())


def test_without_a_service_every_command_says_so_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        free = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    note = tmp_path / "note.txt"
    note.write_text("A note.")
    calls = [
        ("ask", "x"),
        ("ask", "x", "--json"),
        ("search", "x"),
        ("add", str(note)),
        ("status",),
        ("retry", "--failed"),
    ]
    with ExitStack() as stack:
        for call in [stack.enter_context(started(tmp_path, *call, FOOTNOTE_URL=free)) for call in calls]:
            outcome = call.ended()
            assert (outcome.status, outcome.out) == (1, "")
            assert (
                outcome.err == f"There is no service at {free}. Start one with `footnote serve`, or set FOOTNOTE_URL.\n"
            )


def test_a_wrong_setting_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with (
        started(tmp_path, "serve", FOOTNOTE_SERVER_PORT="many") as value,
        started(tmp_path, "quickstart", FOOTNOTE_SERVER_PROT="1") as name,
        started(tmp_path, "search", "x", FOOTNOTE_SEARCH_LIMIT="0") as client,
        started(tmp_path, "search", "x", FOOTNOTE_URL="localhost:8321") as scheme,
        started(tmp_path, "search", "x", FOOTNOTE_URL="http://localhost:many") as address,
    ):
        for command, words in (
            (value, "FOOTNOTE_SERVER_PORT"),
            (name, "FOOTNOTE_SERVER_PORT?"),
            (client, "search.limit"),
        ):
            outcome = command.ended()
            assert (outcome.status, outcome.out) == (2, "")
            assert words in outcome.err
            assert "Traceback" not in outcome.err
        for command in (scheme, address):
            outcome = command.ended()
            assert (outcome.status, outcome.out) == (1, "")
            assert outcome.err.startswith("FOOTNOTE_URL is '")
            assert outcome.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_worker_needs_what_several_processes_can_share(tmp_path: Path) -> None:
    with (
        started(tmp_path, "worker") as neither,
        started(tmp_path, "worker", FOOTNOTE_QDRANT_URL="http://127.0.0.1:1") as sqlite,
    ):
        for refused, words in ((neither, ("FOOTNOTE_DATABASE_URL", "FOOTNOTE_QDRANT_URL")), (sqlite, ("Postgres",))):
            outcome = refused.ended()
            assert (outcome.status, outcome.out) == (2, "")
            assert all(word in outcome.err for word in words)
            assert "Traceback" not in outcome.err
    assert not (tmp_path / "data").exists()
