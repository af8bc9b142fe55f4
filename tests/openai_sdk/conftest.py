from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from openai import DefaultHttpxClient, OpenAI

from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.openai_server import FakeOpenAI
from tests.openai_sdk.description import SHARED, Description
from tests.openai_sdk.witness import Witness
from tests.serving import add_and_wait

BEES = b"Bees sleep at night. A hive in June has about forty thousand bees."
MOON = b"The moon rises in the east. It takes the moon a month to go round the earth."


@dataclass(frozen=True, slots=True)
class House:
    """A running service, the models behind it, and a key for everything but administering."""

    holders: Keyholders
    upstream: FakeOpenAI
    key: str

    @property
    def base_url(self) -> str:
        """Up to and including `/v1`."""
        return f"{self.holders.address}/v1"


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("data")
    with FakeOpenAI() as upstream:
        environ = {"OPENAI_BASE_URL": upstream.base_url, "OPENAI_API_KEY": "sk-of-the-upstream"}
        with guarded_service(folder, **environ) as holders:
            key = holders.key("documents", "search", "relay")["key"]
            yield House(holders, upstream, key)


def filled_store(house: House, name: str) -> str:
    """The id of a new store with two documents, put there through our own API."""
    made = house.holders.admin.post("/stores", json={"name": name}).raise_for_status().json()
    for about, content in (("bees", BEES), ("moon", MOON)):
        attributes = f'{{"about": "{about}"}}'
        add_and_wait(house.holders.admin, {f"{about}.txt": content}, store=made["id"], attributes=attributes)
    return str(made["id"])


@pytest.fixture(scope="session")
def description() -> Description | None:
    """OpenAI's description; None where it is not here."""
    return Description.read(SHARED) if SHARED.is_file() else None


@pytest.fixture
def witness(description: Description | None) -> Iterator[Witness]:
    """Sees every answer that this test's clients get, and fails the test for those that are not OpenAI's."""
    watching = Witness(description)
    yield watching
    assert watching.problems == []


@pytest.fixture
def client(house: House, witness: Witness) -> Iterator[OpenAI]:
    """The official SDK; it refuses answers that its types do not allow."""
    yield from client_of(house, witness, house.key)


def client_of(house: House, witness: Witness, key: str) -> Iterator[OpenAI]:
    """The official SDK with a key."""

    def see(response: httpx2.Response) -> None:
        response.read()
        witness.see(response)

    http = DefaultHttpxClient(event_hooks={"response": [see]})
    with OpenAI(
        base_url=house.base_url, api_key=key, max_retries=0, http_client=http, _strict_response_validation=True
    ) as opened:
        yield opened
