"""Footnote with keys, before an upstream of these tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.fakes.echo_server import EchoServer
from tests.serving import service, settings_for

ADMIN_KEY = "sk-the-admin-key-of-these-tests-0123456789"
UPSTREAM_KEY = "sk-of-the-upstream"


@dataclass(frozen=True, slots=True)
class Door:
    """Where clients call, and with which key."""

    base_url: str
    """Up to and including `/v1`."""
    key: str

    @property
    def address(self) -> str:
        """Without the `/v1`."""
        return self.base_url.removesuffix("/v1")


@contextmanager
def footnote(folder: Path, upstream: EchoServer, **environ: str) -> Iterator[Door]:
    """Run the service; yields it with a key that may use all of `/v1`."""
    own = {
        "OPENAI_BASE_URL": upstream.base_url,
        "OPENAI_API_KEY": UPSTREAM_KEY,
        "FOOTNOTE_KEYS_REQUIRED": "true",
        "FOOTNOTE_KEYS_ADMIN_KEY": ADMIN_KEY,
    }
    with service(settings_for(folder, **own, **environ)) as address:
        yield Door(f"{address}/v1", made_key(address))


def made_key(address: str) -> str:
    """A new key that may use the relay and nothing else."""
    asked = {"name": "test", "permissions": ["relay"]}
    answer = httpx.post(f"{address}/keys", json=asked, headers={"authorization": f"Bearer {ADMIN_KEY}"})
    assert answer.is_success, answer.text
    return str(answer.json()["key"])


def direct(upstream: EchoServer) -> Door:
    """The upstream itself, to compare with."""
    return Door(upstream.base_url, UPSTREAM_KEY)
