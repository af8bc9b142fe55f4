"""The relays of a measurement as processes."""

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from yarl import URL

from benchmarks.processes import ROOT, service
from benchmarks.relay.traffic import EMBEDDING_MODEL

_STOP_SECONDS = 20.0
_START_SECONDS = 90.0
_ADMIN_KEY = "sk-of-a-measurement-that-nobody-else-uses"
_PORTS = range(20_000, 32_000)
"""Below those that the system gives to outgoing connections."""
_NGINX = """
{user}
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    upstream measured {{ server {upstream}; keepalive 256; keepalive_requests 1000000; }}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=2048;
        location / {{
            proxy_pass http://measured;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay that can be called."""

    name: str
    address: URL
    pid: int | None
    """Root of its processes; None where nothing stands in between."""
    key: str = "sk-none"
    settle_seconds: float = 0.0
    """Time after the last call in which it still does what belongs to the calls."""


@contextmanager
def stub() -> Iterator[str]:
    """The upstream; yields its base address."""
    with _printing("benchmarks.relay.stub") as (_, address):
        yield address


@contextmanager
def python_relay(name: str, module: str, base_url: str) -> Iterator[Relay]:
    """One of the two that are made here."""
    with _printing(module, base_url) as (process, address):
        yield Relay(name, URL(address), process.pid)


@contextmanager
def nginx(folder: Path, base_url: str) -> Iterator[Relay]:
    """What the distribution's package gives, with one worker, connections kept and nothing buffered."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program is not None
    folder.mkdir()
    port, upstream = _free_port(), URL(base_url)
    user = "user root;" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(user=user, folder=folder, port=port, upstream=upstream.authority))
    command = [program, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
    with _process([*command, "-g", "daemon off;"]) as process:
        address = URL(f"http://127.0.0.1:{port}")
        _await_answer(process, address)
        yield Relay("nginx", address, process.pid)


def has_nginx() -> bool:
    """Whether it is installed here."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


@contextmanager
def footnote(folder: Path, base_url: str) -> Iterator[Relay]:
    """`footnote serve` that asks for keys, with every limit set, and usage, costs and metrics kept."""
    options = {"FOOTNOTE_KEYS_REQUIRED": "true", "FOOTNOTE_KEYS_ADMIN_KEY": _ADMIN_KEY}
    with service(folder, base_url, options) as running:
        asked = {
            "name": "measured",
            "permissions": ["relay"],
            "models": ["gpt-*", EMBEDDING_MODEL],
            "requests_per_minute": 100_000_000,
            "tokens_per_minute": 1_000_000_000,
            "monthly_budget_usd": 1_000_000,
        }
        made = running.http.post("/keys", json=asked, headers={"authorization": f"Bearer {_ADMIN_KEY}"})
        key = made.raise_for_status().json()["key"]
        yield Relay("Footnote", URL(str(running.http.base_url)), running.pid, key, settle_seconds=1.0)


@contextmanager
def litellm(program: Path, folder: Path, base_url: str) -> Iterator[Relay]:
    """LiteLLM's proxy, from an environment of its own, with one key: more of them, and usage, need its Postgres."""
    folder.mkdir()
    port = _free_port()
    entry = f"litellm_params: {{model: openai/*, api_base: {base_url}, api_key: sk-of-the-upstream}}"
    configuration = folder / "litellm.yaml"
    master = f"general_settings: {{master_key: {_ADMIN_KEY}}}"
    configuration.write_text(f'model_list:\n  - model_name: "*"\n    {entry}\n{master}\n')
    command = [str(program), "--config", str(configuration), "--port", str(port), "--host", "127.0.0.1"]
    with _process(command) as process:
        address = URL(f"http://127.0.0.1:{port}")
        _await_answer(process, address)
        yield Relay("LiteLLM", address, process.pid, _ADMIN_KEY)


@contextmanager
def _printing(module: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


@contextmanager
def _process(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _await_answer(process: subprocess.Popen[bytes], address: URL) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(str(address / "v1" / "models"), timeout=5, trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{process.args!r} did not start to answer")


def _free_port() -> int:
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
