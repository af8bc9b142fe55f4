"""The same over TLS, with an authority of one's own."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from settings.options import UpstreamSettings
from tests.fakes.echo_server import EchoServer, Fault, event_stream
from tests.upstream.relay.calls import chat, send
from tests.upstream.relay.conftest import open_sockets
from tests.upstream.waiting import until
from upstream import UpstreamUnavailableError, open_upstream

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(
        certificate.public_bytes(encoding) + key.private_bytes(encoding, private, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[EchoServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with EchoServer(tls=context) as server:
        yield server


async def test_calls_pass_and_connections_are_used_again_and_cut(
    secure: EchoServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with open_upstream(UpstreamSettings(base_url=secure.base_url)) as upstream:
        assert upstream.relay is not None
        for _ in range(3):
            assert (await send(upstream.relay, chat())).status == 200
        assert secure.connections == 1
        secure.script(event_stream([b"data: 1\n\n", Fault.STALL]))
        answer = await upstream.relay.send(chat())
        assert await answer.read() == b"data: 1\n\n"
        answer.close()
        await until(lambda: secure.requests[-1].outcome == "left")
        socket = await upstream.relay.connect(chat())
        await socket.send("hi")
        with anyio.fail_after(10):
            assert await socket.receive() == "hi"
        await socket.close()
    await until(lambda: open_sockets(secure) == 0)


async def test_a_certificate_of_an_unknown_authority_is_not_trusted(secure: EchoServer) -> None:
    async with open_upstream(UpstreamSettings(base_url=secure.base_url)) as upstream:
        assert upstream.relay is not None
        with pytest.raises(UpstreamUnavailableError, match="SSL_CERT_FILE"):
            await send(upstream.relay, chat())
        await until(lambda: open_sockets(secure) == 0)
    assert not secure.requests
