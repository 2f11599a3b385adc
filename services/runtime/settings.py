"""Settings that every service has. A service subclasses this once, with its own prefix, and builds it in its main."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ServiceSettings(BaseSettings):
    """What each process needs. Prefix BALCON_<SERVICE>_; unknown variables are left to others."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    listen_host: str = Field("127.0.0.1", description="Address the gRPC, HTTP and metrics ports bind to.")
    grpc_port: int = Field(0, ge=0, le=65_535, description="gRPC port; 0 takes a free one.")
    internal_grpc_port: int | None = Field(
        None,
        ge=0,
        le=65_535,
        description="gRPC port that asks callers for a certificate of the CA; unset: none.",
    )
    tls_certificate_file: str = Field("", description="PEM certificate and chain of the gRPC ports; empty: no TLS.")
    tls_key_file: str = Field("", description="PEM key of the certificate.")
    tls_ca_file: str = Field(
        "",
        description="PEM of the deployment's CA: calls to services use TLS, and the internal port asks.",
    )
    metrics_port: int = Field(0, ge=0, le=65_535, description="Port of /metrics; 0 takes a free one.")
    advertised_host: str = Field("127.0.0.1", description="Host other services reach this process at.")
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="Lowest severity that is logged."
    )
    drain_seconds: float = Field(5.0, ge=0, le=300, description="Grace period for calls in flight on SIGTERM.")
    service_key: SecretStr = Field(
        SecretStr(""),
        description="Private key of the deployment, the same for all its services: base64 of 32 random bytes.",
    )
    trusted_service_keys: str = Field(
        "",
        description="Public keys of the deployment that are trusted besides while its key changes, with commas.",
    )
    accounts_target: str = Field("", description="gRPC target of accounts: its public keys, and what it has revoked.")

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            message = "tls_certificate_file and tls_key_file go together"
            raise ValueError(message)
        if self.internal_grpc_port is not None and not (self.tls_certificate_file and self.tls_ca_file):
            message = "internal_grpc_port needs tls_certificate_file and tls_ca_file"
            raise ValueError(message)
        return self


class SqlSettings(ServiceSettings):
    """A service with a database of its own."""

    database_url: SecretStr = Field(
        description="postgresql+asyncpg:// URL of the service's own database, as a role that owns nothing there."
    )
    database_role_may_bypass_row_security: bool = Field(
        False, description="Start though the database role could reach every house's rows; for a database of one house."
    )
    database_pool_size: int = Field(8, ge=1, le=200, description="Size of the connection pool of this process.")


class BusSettings(SqlSettings):
    """A service that publishes or consumes events."""

    bus_url: SecretStr = Field(
        description="kafka://host:port[,host:port] or postgresql+asyncpg:// of the bus database."
    )
    relay_interval_seconds: float = Field(
        0.5, gt=0, le=60, description="Polling interval of the outbox relay when nothing wakes it."
    )


class OutboundSettings(BusSettings):
    """A service that tells outside systems something."""

    outbound_targets_at_once: int = Field(
        32, ge=1, le=500, description="Accounts with outside systems that this process speaks to at the same time."
    )
    outbound_bodies_days: int = Field(
        7, ge=1, le=90, description="Days that what was told outside can be sent again; sealed, it may be personal."
    )
    outbound_ledger_days: int = Field(
        180, ge=7, le=3_650, description="Days that the ledger of exchanges with outside systems is kept."
    )


class MailSettings(ServiceSettings):
    """A service that writes mails."""

    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp:// or smtps:// with user:password@host:port; empty: mails are written into a folder.",
    )
    mail_sender: str = Field(
        "Balcon <no-reply@balcon.example>", min_length=3, max_length=320, description="Sender of mails."
    )
    mail_folder: str = Field(
        "", max_length=4_096, description="Folder of mails where there is no mail server: one of the two must be set."
    )
