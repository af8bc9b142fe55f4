"""Clients of a service that asks for keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.serving import service, settings_for

ADMIN_KEY = "an-admin-key-of-the-settings-for-tests-alone"


class Keyholders:
    """Makes keys, and clients that send them."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.admin = self.client(ADMIN_KEY)

    def client(self, key: str | None) -> httpx.Client:
        """A client that sends this key."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.address, timeout=60, headers=headers)

    def key(self, *permissions: str, **wanted: Any) -> dict[str, Any]:
        """A new key as the service answers."""
        form = {"name": "test", "permissions": permissions or ("documents", "search"), **wanted}
        answer = self.admin.post("/keys", json=form)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def holder(self, *permissions: str, **wanted: Any) -> httpx.Client:
        """A client with a new key."""
        return self.client(self.key(*permissions, **wanted)["key"])


@contextmanager
def guarded_service(folder: Path, **environ: str) -> Iterator[Keyholders]:
    """A service on loopback that asks for keys all the same."""
    required = {"FOOTNOTE_KEYS_REQUIRED": "true", "FOOTNOTE_KEYS_ADMIN_KEY": ADMIN_KEY}
    with service(settings_for(folder, **required, **environ)) as address:
        opened = Keyholders(address)
        with opened.admin:
            yield opened
