"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from settings import DatabaseSettings
from tests.postgres import empty_database, running_postgres
from tests.relay.installing import node_modules_with

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real documents that are not part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of real documents (../shared/data) is not here")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A Postgres server; see `tests.postgres`."""
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def node_sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the official Node.js package, the same for all processes of a run of the tests."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    return node_modules_with(shared / "node-sdk", "openai@6", "ws@8")


@pytest.fixture(params=["sqlite", "postgres"])
def database_settings(request: pytest.FixtureRequest) -> Iterator[DatabaseSettings]:
    """Each kind of database in turn, empty."""
    if request.param == "sqlite":
        yield DatabaseSettings()
        return
    with empty_database(request.getfixturevalue("postgres_url")) as url:
        yield DatabaseSettings(url=SecretStr(url))
