"""Every call leaves one row, whatever happens; none waits for it."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.accounting.ledger import Ledger, open_ledger
from api.accounting.prices import Prices
from records import Database, open_records, usage
from records.database import open_database
from records.usage import month_of
from settings import DatabaseSettings, DataSettings, Price, UsageSettings
from tests.api.accounting.making import FailingDatabase, entry, rows
from tests.cli.terminal import until as wait_until
from tests.postgres import empty_database
from tests.upstream.waiting import until

pytestmark = pytest.mark.anyio

PRICES = {"writer": Price(input=1_000, output=10_000)}
COST = 0.3  # of an entry as `making` makes them
SETTINGS = UsageSettings(flush_seconds=0.02, prices=PRICES)
DAY = 86_400.0


async def eventually(ledger: Ledger) -> None:
    await until(lambda: not ledger.backlog)


async def test_rows_hold_what_the_entries_did_and_the_cost(database: Database) -> None:
    made = entry(error="upstream_timeout", streamed=True, cached_tokens=7, first_byte_seconds=0.1, retries=2)
    async with open_ledger(database, SETTINGS) as ledger:
        ledger.add(made)
        await eventually(ledger)
        (row,) = await rows(database)
    for name in type(row)._fields:
        if name not in {"id", "cost_usd"}:
            assert getattr(row, name) == getattr(made, name)
    assert row.id.startswith("call_")
    assert row.cost_usd == pytest.approx(COST)


async def test_none_is_lost_at_a_clean_stop(database: Database) -> None:
    async with open_ledger(database, UsageSettings(flush_seconds=1.0)) as ledger:
        for number in range(3_500):
            ledger.add(entry(request_id=f"req_{number}"))
    assert {row.request_id for row in await rows(database)} == {f"req_{number}" for number in range(3_500)}
    assert (ledger.written, ledger.backlog, ledger.lost) == (3_500, 0, 0)


async def test_rows_wait_while_the_database_does_not_answer_and_are_written_once(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    failing = FailingDatabase(database)
    async with open_ledger(failing.as_database(), SETTINGS) as ledger:
        failing.is_down = True
        for number in range(5):
            ledger.add(entry(request_id=f"req_{number}"))
            await asyncio.sleep(0.03)
        assert ledger.backlog == 5
        failing.is_down = False
        await eventually(ledger)
    assert [row.request_id for row in await rows(database)] == [f"req_{number}" for number in range(5)]
    assert ledger.lost == 0
    assert sum("The ledger waits" in message for message in caplog.messages) == 1
    assert "The ledger goes on." in caplog.messages


async def test_a_stop_waits_for_a_database_that_comes_back(database: Database) -> None:
    failing = FailingDatabase(database)
    async with open_ledger(failing.as_database(), SETTINGS) as ledger:
        failing.is_down = True
        ledger.add(entry())
        asyncio.get_running_loop().call_later(0.2, setattr, failing, "is_down", False)
    assert len(await rows(database)) == 1


async def test_a_row_that_the_database_will_not_have_does_not_hold_up_the_others(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_ledger(database, SETTINGS) as ledger:
        for number in range(20):
            ledger.add(entry(request_id=f"req_{number}", input_tokens=10**30 if number == 7 else 1))
    assert [row.request_id for row in await rows(database)] == [f"req_{n}" for n in range(20) if n != 7]
    assert ledger.lost == 1
    assert any("A row of the ledger is lost" in message for message in caplog.messages)


async def test_names_that_clients_gave_are_kept_in_a_form_that_any_database_takes(database: Database) -> None:
    async with open_ledger(database, SETTINGS) as ledger:
        for model in ("a\0b", "\ud800", "模型", "x" * 100_000, "line\nbreak"):
            ledger.add(entry(model=model))
    assert [row.model for row in await rows(database)] == ["a?b", "?", "模型", "x" * 200, "line?break"]


async def test_what_a_key_spends_is_known_after_the_next_flush_and_after_a_new_start(database: Database) -> None:
    async with open_ledger(database, SETTINGS) as ledger:
        for made in (entry(), entry(), entry(key_id="key_b"), entry(key_id=None), entry(model="unknown-model")):
            ledger.add(made)
        await eventually(ledger)
        assert ledger.spent_usd("key_a") == pytest.approx(2 * COST)
        assert ledger.spent_usd("key_c") == 0.0
    async with open_ledger(database, SETTINGS) as again:
        assert again.spent_usd("key_a") == pytest.approx(2 * COST)
        assert again.spent_usd("key_b") == pytest.approx(COST)


async def test_what_was_spent_in_another_month_is_not_counted(database: Database) -> None:
    long_ago = time.time() - 70 * DAY
    async with open_ledger(database, SETTINGS) as ledger:
        ledger.add(entry(at=long_ago))
        await eventually(ledger)
        assert ledger.spent_usd("key_a") == 0.0
    spent = await database.read(lambda c: usage.spent(c, month_of(long_ago)))
    assert spent == {"key_a": pytest.approx(COST)}


async def test_old_rows_are_removed_and_younger_ones_stay(database: Database) -> None:
    now = time.time()
    async with open_ledger(database, UsageSettings(flush_seconds=0.02)) as ledger:
        ledger.add(entry(at=now - 11 * DAY))
        ledger.add(entry(at=now - 9 * DAY))
    async with open_ledger(database, UsageSettings(flush_seconds=0.02, keep_days=10)) as ledger:
        ledger.add(entry(at=now))
        await until(lambda: ledger.written == 1)
        async with asyncio.timeout(10):
            while len(found := await rows(database)) > 2:  # noqa: ASYNC110 - another task removes the row
                await asyncio.sleep(0.02)
    assert [row.at for row in found] == [pytest.approx(now - 9 * DAY), pytest.approx(now)]


async def test_two_processes_see_what_both_have_spent(postgres_url: str, tmp_path: Path) -> None:
    with empty_database(postgres_url) as url:
        settings = DatabaseSettings(url=SecretStr(url), pool_size=2)
        async with open_database(settings, tmp_path) as one, open_database(settings, tmp_path) as other:
            mine = Ledger(one, SETTINGS, Prices(PRICES, {}))
            async with open_ledger(other, SETTINGS) as theirs:
                theirs.add(entry())
                await eventually(theirs)
                mine.add(entry())
                await mine.flush()
                assert mine.spent_usd("key_a") == pytest.approx(COST)
                await mine.read_spending()
                assert mine.spent_usd("key_a") == pytest.approx(2 * COST)


async def test_a_failure_nobody_foresaw_ends_neither_the_ledger_nor_the_row(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_ledger(database, SETTINGS) as ledger:
        ledger.add(entry(input_tokens="many", endpoint="POST /v1/broken"))
        await eventually(ledger)
        ledger.add(entry())
    assert "POST /v1/chat/completions" in [row.endpoint for row in await rows(database)]
    assert any(record.levelno == logging.ERROR for record in caplog.records)


_KILLED = """
import asyncio, sys, time
from pathlib import Path
from api.accounting.entry import Entry
from api.accounting.ledger import open_ledger
from records import open_records
from settings import DatabaseSettings, DataSettings, UsageSettings

async def main():
    async with open_records(DataSettings(dir=Path(sys.argv[1])), DatabaseSettings()) as records:
        async with open_ledger(records.database, UsageSettings(flush_seconds=0.2)) as ledger:
            for number in range(1_000_000):
                ledger.add(Entry("GET /x", None, str(number)))
                print(number, time.time(), flush=True)
                await asyncio.sleep(0.01)

asyncio.run(main())
"""


async def kept_in(folder: Path) -> list[str]:
    async with open_records(DataSettings(dir=folder), DatabaseSettings()) as records:
        return [row.request_id for row in await rows(records.database)]


def test_a_killed_process_loses_at_most_the_last_second(tmp_path: Path) -> None:
    folder, printed = tmp_path / "data", tmp_path / "printed"
    with printed.open("w") as out:
        process = subprocess.Popen([sys.executable, "-c", _KILLED, str(folder)], stdout=out)
    wait_until(lambda: printed.stat().st_size > 3_000)
    os.kill(process.pid, signal.SIGKILL)
    killed_at = time.time()
    process.wait()
    due = [line.split()[0] for line in printed.read_text().splitlines()[:-1] if float(line.split()[1]) < killed_at - 1]
    kept = asyncio.run(kept_in(folder))
    assert len(due) > 10
    assert kept[: len(due)] == due
