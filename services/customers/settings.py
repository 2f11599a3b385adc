"""Customers' settings, BALCON_CUSTOMERS_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import BusSettings, MailSettings


class CustomersSettings(MailSettings, BusSettings):
    """What customers needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_CUSTOMERS_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals waiting letters and what is "
        "locked of the erased, all of them open what was sealed."
    )
    orders_target: str = Field(description="host:port of orders: what somebody has bought.")
    ticketing_target: str = Field(
        description="host:port of ticketing: which tickets, names and letters it keeps of somebody."
    )
    pages_url: str = Field(
        "http://localhost:8080", max_length=2_048, description="Where the pages are that links in mails lead to."
    )
    call_timeout_seconds: float = Field(10.0, gt=0, le=60, description="Timeout of one call to another service.")
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    keep_over_hours: int = Field(
        168, ge=24, le=8_760, description="How long links, sessions and unsent letters are kept after they were over."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_CUSTOMERS_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
