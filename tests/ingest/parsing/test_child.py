import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from ingest.parsing.child import Child
from ingest.parsing.wire import Request

pytestmark = pytest.mark.anyio


async def test_a_reply_that_claims_to_be_longer_than_any_text_is_not_waited_for() -> None:
    program = "import sys, time; sys.stdout.buffer.write(b'\\0' + b'\\xff' * 7); sys.stdout.flush(); time.sleep(60)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=PIPE, stdout=PIPE)
    child = Child(process, max_text_characters=1_000)
    try:
        async with asyncio.timeout(20):
            with pytest.raises(ValueError, match="longer than any text"):
                await child.ask(Request("a", "a", 100, 0), lambda: None)
    finally:
        await child.kill()
