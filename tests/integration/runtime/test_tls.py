"""TLS of the gRPC ports: who is served, who is refused, and a certificate that is renewed under running calls."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health_pb2
from pydantic import ValidationError

from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.probe import is_serving
from services.runtime.rpc.server import RpcServer
from services.runtime.rpc.tls import CA_VARIABLE, Certificate, ClientTls, ServerTls, TlsFilesUnusable
from services.runtime.service import Service
from services.runtime.settings import ServiceSettings
from services.runtime.testing import eventually

CLOCK = SystemClock()


class Authority:
    """A CA of a test, and the certificates it gives out."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        is_ca = x509.BasicConstraints(ca=True, path_length=0)
        own = self._builder(self._subject, self._key, 1).add_extension(is_ca, critical=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(own.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def certificate(self, name: str, *, days: int = 1) -> Certificate:
        """For 127.0.0.1, until so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        place = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
        made = self._builder(subject, key, days).add_extension(place, critical=False).sign(self._key, SHA256())
        files = Certificate(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        files.chain.write_bytes(made.public_bytes(Encoding.PEM))
        files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return files

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
        until = datetime.fromtimestamp(CLOCK.now_ms() / 1000, UTC) + timedelta(days=days)
        builder = x509.CertificateBuilder(self._subject, subject, key.public_key(), x509.random_serial_number())
        return builder.not_valid_before(until - timedelta(days=9)).not_valid_after(until)


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    """The deployment's."""
    return Authority(tmp_path, "ours")


@pytest.fixture
def other(tmp_path: Path) -> Authority:
    """Somebody else's."""
    return Authority(tmp_path, "other")


@asynccontextmanager
async def serving(tls: ServerTls, *, is_internal: bool = False) -> AsyncIterator[RpcServer]:
    server = RpcServer(clock=CLOCK, ids=RandomIds(), tls=tls, internal_port=0 if is_internal else None)
    await server.start()
    try:
        yield server
    finally:
        await server.stop(0)


async def is_answered(port: int, tls: ClientTls | None) -> bool:
    """Whether a new connection is served; anything but a refused one is a fault of the test."""
    target = f"127.0.0.1:{port}"
    channel = open_channel(target, CLOCK, own_connection=True, wait_for_ready=False, tls=tls)
    check = channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    try:
        answer = await check(health_pb2.HealthCheckRequest(), timeout=60)
    except grpc.aio.AioRpcError as error:
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        return False
    finally:
        await channel.close()
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def test_the_public_port_serves_who_trusts_its_ca_and_nobody_in_the_clear(
    ours: Authority, other: Authority
) -> None:
    async with serving(ServerTls(ours.certificate("server"))) as server:
        assert await is_answered(server.port, ClientTls(ours.file))
        assert not await is_answered(server.port, ClientTls(other.file))
        assert not await is_answered(server.port, None)


async def test_the_internal_port_serves_who_has_a_certificate_of_the_deployment(
    ours: Authority, other: Authority
) -> None:
    async with serving(ServerTls(ours.certificate("server"), ours.file), is_internal=True) as server:
        assert server.internal_port
        assert server.internal_port != server.port
        for certificate, is_served in (
            (ours.certificate("client"), True),
            (None, False),
            (other.certificate("stranger"), False),
            (ours.certificate("late", days=-1), False),
        ):
            tls = ClientTls(ours.file, certificate)
            assert await is_answered(server.internal_port, tls) is is_served, certificate
            if is_served or certificate is None:
                assert await is_answered(server.port, tls)
        assert not await is_answered(server.internal_port, None)


async def test_an_expired_certificate_of_a_server_is_refused_by_who_calls(ours: Authority) -> None:
    async with serving(ServerTls(ours.certificate("server", days=-1))) as server:
        assert not await is_answered(server.port, ClientTls(ours.file))


async def test_a_renewed_certificate_is_served_without_a_restart_and_half_a_renewal_is_not(ours: Authority) -> None:
    files = ours.certificate("server")
    async with serving(ServerTls(files)) as server:
        first = await shown(server.port)
        files.key.write_bytes(b"half a renewal")
        os.utime(files.key, ns=(1, 1))
        assert await shown(server.port) == first
        ours.certificate("server")
        os.utime(files.key, ns=(2, 2))

        async def is_renewed() -> None:
            assert await shown(server.port) != first

        await eventually(is_renewed)
        assert await is_answered(server.port, ClientTls(ours.file))


async def shown(port: int) -> str:
    """The certificate that a new connection is shown."""
    return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port))


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("newest", "is_spoken"), [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)])
async def test_tls_1_2_is_the_oldest_that_is_spoken(ours: Authority, newest: ssl.TLSVersion, is_spoken: bool) -> None:
    async with serving(ServerTls(ours.certificate("server"))) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(ours.file)
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.set_alpn_protocols(["h2"])
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest

        def shake_hands() -> str | None:
            with (
                socket.create_connection(("127.0.0.1", server.port), 60) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as secured,
            ):
                return secured.version()

        if is_spoken:
            assert await asyncio.to_thread(shake_hands) == "TLSv1.2"
        else:
            # The server's doing: a client that could not speak it at all would say so by another name.
            with pytest.raises(ssl.SSLError, match=r"EOF|ALERT_PROTOCOL_VERSION"):
                await asyncio.to_thread(shake_hands)


async def test_a_service_is_told_by_its_settings_and_so_are_its_channels(ours: Authority) -> None:
    server, client = ours.certificate("server"), ours.certificate("client")
    service = Service(
        "test",
        ServiceSettings(
            tls_certificate_file=str(server.chain),
            tls_key_file=str(server.key),
            tls_ca_file=str(ours.file),
            internal_grpc_port=0,
        ),
    )
    await service.start()
    assert service.rpc.internal_port
    # As the service itself calls others: by its own certificate.
    assert await is_answered(service.rpc.internal_port, None)
    assert not await is_answered(service.rpc.internal_port, ClientTls(ours.file))
    assert await is_answered(service.rpc.internal_port, ClientTls(ours.file, client))
    await service.stop()


async def test_the_probe_asks_over_tls_where_it_is_told_of_a_ca(
    ours: Authority, other: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(ServerTls(ours.certificate("server"))) as server:

        def probe() -> bool:
            return is_serving(f"localhost:{server.port}")

        assert not await asyncio.to_thread(probe)
        monkeypatch.setenv(CA_VARIABLE, str(ours.file))
        assert await asyncio.to_thread(probe)
        monkeypatch.setenv(CA_VARIABLE, str(other.file))
        assert not await asyncio.to_thread(probe)


@pytest.mark.parametrize(
    "settings",
    [
        {"tls_certificate_file": "a"},
        {"tls_key_file": "a"},
        {"internal_grpc_port": 0},
        {"internal_grpc_port": 0, "tls_certificate_file": "a", "tls_key_file": "a"},
    ],
)
def test_half_of_a_setting_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="tls_certificate_file"):
        ServiceSettings(**settings)


UNUSABLE: list[Callable[[Authority, Authority], object]] = [
    lambda ours, _: ClientTls(Path("/nowhere.pem")).credentials(),
    lambda ours, _: ClientTls(ours.certificate("a").key).credentials(),
    lambda ours, _: ServerTls(Certificate(Path("/nowhere.crt"), Path("/nowhere.key"))).public(),
    lambda ours, other: ServerTls(Certificate(ours.certificate("a").chain, other.certificate("b").key)).public(),
]


@pytest.mark.parametrize("use", UNUSABLE)
def test_files_that_are_no_certificate_are_named(
    ours: Authority, other: Authority, use: Callable[[Authority, Authority], object]
) -> None:
    with pytest.raises(TlsFilesUnusable, match=r"nowhere|a\.key|b\.key"):
        use(ours, other)
