"""The inventory's settings."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import SettingsConfigDict

from services.contracts.bounds import HOLD_CAP_SECONDS, HOLD_GRACE_SECONDS
from services.runtime.settings import BusSettings


class InventorySettings(BusSettings):
    """Prefix BALCON_INVENTORY_."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="BALCON_INVENTORY_")

    redis_url: SecretStr = Field(
        description="redis://, redis+sentinel:// or redis+cluster:// URL of the holds' store; appendfsync always."
    )
    catalogue_target: str = Field(description="host:port of the catalogue.")
    lease_ttl_seconds: float = Field(
        6.0,
        ge=0,
        le=120,
        description="TTL of a node's lease: how long a silent node counts as alive. 0 (tests): none does.",
    )
    lease_renew_seconds: float = Field(2.0, gt=0, le=60, description="Interval between renewals of a node's lease.")
    lease_margin_seconds: float = Field(
        1.0, ge=0, le=60, description="Safety margin subtracted from the lease TTL by the node itself."
    )
    hold_grace_seconds: int = Field(
        HOLD_GRACE_SECONDS,
        ge=0,
        le=300,
        description="Grace period between the end shown to the buyer and the release of the seats.",
    )
    hold_cap_seconds: int = Field(
        HOLD_CAP_SECONDS,
        ge=1,
        le=86_400,
        description="Longest lifetime of a hold, extensions and grace period included.",
    )
    calls_per_connection: int = Field(
        128,
        ge=16,
        le=10_000,
        description="Most concurrent calls and streams of one HTTP/2 connection; more wait at its caller.",
    )
    idle_seconds: float = Field(
        300.0, ge=1, le=86_400, description="A performance that nobody asked about for so long is unloaded from memory."
    )

    @model_validator(mode="after")
    def _a_hold_has_an_end_to_show(self) -> Self:
        if self.hold_cap_seconds <= self.hold_grace_seconds:
            raise ValueError("hold_cap_seconds must be more than hold_grace_seconds: a hold would end before it began")
        return self
