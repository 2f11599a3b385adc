"""Reporting's settings, BALCON_REPORTING_*. Read in main only."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import BusSettings, MailSettings


class ReportingSettings(MailSettings, BusSettings):
    """A consumer of events, a gRPC server of figures, and a writer of mails with them."""

    model_config = SettingsConfigDict(env_prefix="BALCON_REPORTING_", frozen=True, extra="ignore")

    rebuild_timeout_seconds: float = Field(
        3600.0, gt=0, le=86_400, description="A rebuild that has not caught up by then is given up; nothing is lost."
    )
    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals the links in mails by which "
        "somebody stops them, and the keys that sign settlements; all of them open what was sealed."
    )
    catalogue_target: str = Field(description="host:port of the catalogue: performances, halls and offices by name.")
    inventory_target: str = Field(
        description="host:port[,host:port] of any inventory nodes: what offices reported sold, for settlements."
    )
    orders_target: str = Field(description="host:port of orders: whether money of a performance is still to move.")
    call_timeout_seconds: float = Field(10.0, gt=0, le=60, description="Timeout of one call to another service.")
    settlement_key_days: int = Field(365, ge=1, le=3_650, description="A key signs settlements for so long.")
    customers_target: str = Field(description="host:port of customers: who bought, for those who may read it.")
    ticketing_target: str = Field(description="host:port of ticketing: how a house's paper looks.")
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")

    http_port: int = Field(
        0, ge=0, le=65_535, description="Port of the links by which receivers stop mails; 0 takes a free one."
    )
    public_url: str = Field(
        "http://127.0.0.1:8091", pattern="^https?://", description="Where that port is for whoever reads the mails."
    )
    pages_url: str = Field(
        "http://127.0.0.1:8000", pattern="^https?://", description="Where people download what is too large for a mail."
    )
    ledger_days: int = Field(400, ge=35, le=3_650, description="How long it is kept what was mailed to whom, and why.")

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_REPORTING_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
