"""The catalogue's settings, BALCON_CATALOGUE_*."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import BusSettings


class CatalogueSettings(BusSettings):
    """What the catalogue needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_CATALOGUE_", frozen=True, extra="ignore")

    accounts_target: str = Field(description="host:port of accounts.")
    inventory_target: str = Field(description="host:port of any inventory node: who owns seats is asked about plans.")
    plan_cache_seats: int = Field(
        500_000, ge=0, le=10_000_000, description="Seats of the plans kept in memory together; one takes some 0.5 kB."
    )
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
