"""Settings of the sandbox provider."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SandboxSettings(BaseSettings):
    """The pretended provider. Prefix BALCON_SANDBOX_."""

    model_config = SettingsConfigDict(env_prefix="BALCON_SANDBOX_", frozen=True, extra="ignore")

    listen_host: str = Field("127.0.0.1", description="Address the HTTP port binds to.")
    http_port: int = Field(0, ge=0, le=65_535, description="Port of the API and the pay page; 0 takes a free one.")
    public_url: str = Field("", description="Where buyers reach the pay page; empty is the address it binds to.")
    webhook_url: str = Field("", description="Where webhooks are sent; empty sends none.")
    webhook_secret: SecretStr = Field(SecretStr(""), description="Key of the webhooks' HMAC-SHA256 signatures.")
    data_path: str = Field(description="SQLite file that holds the payments; it survives kill -9.")
    pay_late_seconds: float = Field(8.0, ge=0, le=864_000, description="How late the pays-late card pays.")
    stall_seconds: float = Field(6.0, ge=0, le=3_600, description="How long the API is silent for the times-out card.")
    seed: int = Field(0, ge=0, le=2**63 - 1, description="Seed of the jitter between deliveries, and of chaos.")
    chaos: float = Field(
        0.0, ge=0, le=0.9, description="Share of calls and webhooks that go wrong: errors, silence, loss, repeats."
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severe log line written.")
