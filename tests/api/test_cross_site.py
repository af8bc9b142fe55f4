"""Other web sites that are open in a browser on this machine get nowhere."""

from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.cross_site import allowed_hosts
from settings import ServerSettings, load_settings

CROSS_SITE = {
    "named by the browser": {"Sec-Fetch-Site": "cross-site"},
    "another host": {"Origin": "https://evil.example"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "no origin of its own": {"Origin": "null"},
    "nonsense": {"Origin": "http://[::1"},
}


@pytest.mark.parametrize("headers", CROSS_SITE.values(), ids=CROSS_SITE)
def test_what_a_page_of_another_site_sends_is_refused(http: httpx.Client, headers: dict[str, str]) -> None:
    response = http.post("/documents", files={"file": ("a.txt", b"planted")}, headers=headers)
    assert (response.status_code, response.json()["error"]["code"]) == (403, "cross_site")
    assert response.headers["x-request-id"]


def test_the_services_own_pages_are_served(http: httpx.Client) -> None:
    origin = str(http.base_url).rstrip("/")
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    assert http.post("/search", json={"query": "x"}, headers=headers).status_code == 200


def test_a_link_from_another_site_may_be_followed_but_a_form_not_sent(http: httpx.Client) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert http.get("/docs", headers=headers).status_code == 200
    assert http.post("/stores", json={"name": "planted"}, headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8321", "127.0.0.1.evil.example", "[::1"])
def test_a_name_that_leads_here_by_rebinding_is_refused(http: httpx.Client, host: str) -> None:
    response = http.get("/stores", headers={"Host": host, "Origin": f"http://{host}"})
    assert (response.status_code, response.json()["error"]["code"]) == (421, "host_not_allowed")
    assert "FOOTNOTE_SERVER_ALLOWED_HOSTS" in response.json()["error"]["message"]


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8321", "127.0.0.1:1", "[::1]:8321"])
def test_the_names_of_this_machine_are_served(http: httpx.Client, host: str) -> None:
    assert http.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_service_for_other_machines_has_any_name_unless_told() -> None:
    assert allowed_hosts(ServerSettings(host="0.0.0.0")) == ("*",)
    assert allowed_hosts(ServerSettings(host="0.0.0.0", allowed_hosts=("footnote.lan",))) == ("footnote.lan",)
    assert "127.0.0.2" in allowed_hosts(ServerSettings(host="127.0.0.2"))


@pytest.mark.anyio
async def test_only_the_names_that_are_set_are_served(tmp_path: Path) -> None:
    environ = {"FOOTNOTE_DATA_DIR": str(tmp_path), "FOOTNOTE_SERVER_ALLOWED_HOSTS": "footnote.lan, Docs.LAN"}
    transport = httpx.ASGITransport(create_app(load_settings(environ)))
    async with httpx.AsyncClient(transport=transport) as client:
        assert (await client.get("http://docs.lan/healthz")).status_code == 200
        assert (await client.get("http://localhost/healthz")).status_code == 421
