"""Fixtures that every test may use."""

from pathlib import Path

import pytest

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
