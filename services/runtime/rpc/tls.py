"""Who is who on the wire: a server's certificate, and the deployment's CA on both ends. Knows no token and no role."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import grpc

from services.runtime.errors import Fatal
from services.runtime.telemetry.logging import get_logger

# Where commands that are no service find the CA's file.
CA_VARIABLE: Final = "BALCON_CA"

_log = get_logger("tls")


class TlsFilesUnusable(Fatal):
    """A certificate, key or CA cannot be read, or the key is not the certificate's."""


class TlsFiles(Protocol):
    """What settings say; "" is nothing."""

    @property
    def tls_certificate_file(self) -> str: ...

    @property
    def tls_key_file(self) -> str: ...

    @property
    def tls_ca_file(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files: a certificate with its chain, and its key."""

    chain: Path
    key: Path

    def read(self) -> tuple[bytes, bytes]:
        """Key and chain, as gRPC wants them. Raises TlsFilesUnusable."""
        try:
            # Half of a renewal is no pair.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.chain, self.key)
            return self.key.read_bytes(), self.chain.read_bytes()
        except (OSError, ssl.SSLError) as error:
            raise TlsFilesUnusable(certificate=str(self.chain), key=str(self.key)) from error

    def stamp(self) -> tuple[int, ...]:
        """Changes with the files."""
        try:
            return tuple(file.stat().st_mtime_ns for file in (self.chain, self.key))
        except OSError:
            return ()


@dataclass(frozen=True, slots=True)
class ServerTls:
    """`ca`: whose certificates the internal port asks of its callers; None where there is no such port."""

    certificate: Certificate
    ca: Path | None = None

    def public(self) -> grpc.ServerCredentials:
        """For everybody."""
        return _renewed(self.certificate, None)

    def internal(self) -> grpc.ServerCredentials:
        """For who has a certificate of the deployment."""
        assert self.ca is not None, "an internal port needs a CA"
        return _renewed(self.certificate, read_ca(self.ca))


@dataclass(frozen=True, slots=True)
class ClientTls:
    """`ca`: who may say that a server is who it is. `certificate`: who we are, where servers ask."""

    ca: Path
    certificate: Certificate | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        """As the files are now; a channel keeps them for as long as it lives."""
        key, chain = self.certificate.read() if self.certificate is not None else (None, None)
        return grpc.ssl_channel_credentials(read_ca(self.ca), key, chain)


class _OfProcess:
    """What a process's channels do unless they are told otherwise: one process is one somebody."""

    tls: ClientTls | None = None


def use_for_channels(tls: ClientTls | None) -> None:
    """From here on this process's channels are encrypted so; None: not at all."""
    _OfProcess.tls = tls


def used_for_channels() -> ClientTls | None:
    """What use_for_channels said."""
    return _OfProcess.tls


def certificate_of(files: TlsFiles) -> Certificate | None:
    """The certificate that settings name."""
    if not files.tls_certificate_file:
        return None
    return Certificate(Path(files.tls_certificate_file), Path(files.tls_key_file))


def server_tls(files: TlsFiles) -> ServerTls | None:
    """How settings want a server; None: not encrypted."""
    certificate = certificate_of(files)
    if certificate is None:
        return None
    return ServerTls(certificate, Path(files.tls_ca_file) if files.tls_ca_file else None)


def client_tls(files: TlsFiles) -> ClientTls | None:
    """How settings want channels; None: not encrypted."""
    return ClientTls(Path(files.tls_ca_file), certificate_of(files)) if files.tls_ca_file else None


def read_ca(file: Path) -> bytes:
    """A CA's certificates. Raises TlsFilesUnusable."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
        return file.read_bytes()
    except (OSError, ssl.SSLError) as error:
        raise TlsFilesUnusable(ca=str(file)) from error


def _renewed(certificate: Certificate, ca: bytes | None) -> grpc.ServerCredentials:
    """Each handshake looks whether the files have changed. TLS 1.2 is the least that gRPC speaks."""
    seen = certificate.stamp()

    def configured() -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([certificate.read()], ca)

    def renewed() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        now = certificate.stamp()
        if now == seen:
            return None
        try:
            fresh = configured()
        except TlsFilesUnusable:
            # The next handshake looks again; until then the certificate from before is served.
            _log.warning("certificate_not_renewed", certificate=str(certificate.chain))
            return None
        seen = now
        return fresh

    fetch: Any = renewed  # the stubs forget that None is "as before"
    return grpc.dynamic_ssl_server_credentials(configured(), fetch, require_client_authentication=ca is not None)
