"""Settings of the pretended DIP platform."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DipSettings(BaseSettings):
    """The pretended platform. Prefix BALCON_DIP_."""

    model_config = SettingsConfigDict(env_prefix="BALCON_DIP_", frozen=True, extra="ignore")

    listen_host: str = Field("127.0.0.1", description="Address the HTTP port binds to.")
    http_port: int = Field(0, ge=0, le=65_535, description="Port of the API; 0 takes a free one.")
    data_path: str = Field("", description="File that keeps what the platform knows over restarts; empty keeps none.")
    token_seconds: float = Field(3_600.0, ge=0.05, le=86_400, description="How long a token of the API is good for.")
    blocked_seats_path: str = Field(
        "/blockedseats/cumulative", pattern="^/", description="Where blocked seats are told; sources differ on it."
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least severe log line written.")
