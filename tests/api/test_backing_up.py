"""`GET /backup`: a whole backup, for nobody but those who may have it."""

from pathlib import Path

import httpx
import pytest

from backup import check
from tests.serving import add_and_wait


def test_it_streams_a_whole_backup_that_nobody_may_cache(http: httpx.Client, store: str, tmp_path: Path) -> None:
    add_and_wait(http, {"dome.txt": b"The dome is opened one hour before observing."}, store=store)
    path = tmp_path / "backup.tar"
    with http.stream("GET", "/backup") as response, path.open("wb") as file:
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/x-tar"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["content-disposition"].startswith('attachment; filename="footnote-')
        for piece in response.iter_bytes():
            file.write(piece)
    assert check(path).documents >= 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
)
def test_pages_of_other_sites_get_none_not_even_by_a_link(http: httpx.Client, headers: dict[str, str]) -> None:
    response = http.get("/backup", headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "cross_site")


def test_a_person_may_ask_for_it_in_the_address_bar(http: httpx.Client) -> None:
    headers = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert http.get("/backup", headers=headers).status_code == 200


def test_one_that_is_broken_off_leaves_the_service_as_it_was(http: httpx.Client) -> None:
    for _ in range(10):  # more than there are connections to the database
        with http.stream("GET", "/backup") as response:
            next(response.iter_raw(chunk_size=512))
    assert http.get("/readyz").status_code == 200
