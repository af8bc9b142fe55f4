"""Packages that tests run against, each in a folder of its own that is gone after the tests."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

_INSTALL_SECONDS = 45
_RUN_SECONDS = 60


def python_with(folder: Path, *requirements: str) -> Path:
    """The interpreter of a new environment that has these packages; skips the test where they cannot be had."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        pytest.skip("uv, which makes the environment, is not installed")
    python = folder / "bin" / "python"
    _install([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], folder.parent, "an environment")
    _install([uv, "pip", "install", "--quiet", "--python", str(python), *requirements], folder, *requirements)
    return python


def node_modules_with(folder: Path, *packages: str) -> Path:
    """A folder in which Node.js finds these packages; skips the test where they cannot be had.

    Processes that ask for the same folder side by side install once and share it.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node.js and npm are not installed")
    folder.mkdir(exist_ok=True)
    done = folder / "installed"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            command = [npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), *packages]
            _install(command, folder, *packages)
            done.touch()
    return folder


def output_of(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> str:
    """What a program prints, which must end well."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, **environ},
        capture_output=True,
        encoding="utf-8",
        timeout=_RUN_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _install(command: Sequence[str], folder: Path, *what: str) -> None:
    folder.mkdir(exist_ok=True)
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, encoding="utf-8", timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"installing {', '.join(what)} took more than {_INSTALL_SECONDS} s")
    if done.returncode:
        pytest.skip(f"{', '.join(what)} cannot be installed here: {done.stderr.strip()[-200:]}")
