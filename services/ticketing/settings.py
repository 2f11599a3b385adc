"""Ticketing's settings, BALCON_TICKETING_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import BusSettings, MailSettings


class TicketingSettings(MailSettings, BusSettings):
    """What ticketing needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_TICKETING_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals the keys of ticket codes in "
        "the database, all of them open what was sealed."
    )
    catalogue_target: str = Field(description="host:port of the catalogue: what paper tells of shows and offices.")
    inventory_target: str = Field(description="host:port[,host:port] of any inventory nodes: allotments.")
    orders_target: str = Field(description="host:port of orders: what was bought and what of it went back.")
    customers_target: str = Field(description="host:port of customers: whom tickets and invoices go to.")
    payments_target: str = Field(description="host:port of payments: codes of vouchers that buyers got for tickets.")
    call_timeout_seconds: float = Field(10.0, gt=0, le=60, description="Timeout of one call to another service.")
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    signing_key_days: int = Field(90, ge=1, le=3_650, description="A key signs ticket codes for so long.")
    signing_key_announce_hours: int = Field(
        168, ge=1, le=8_760, description="The next key is told for so long before it signs: doors check offline."
    )
    signing_key_check_days: int = Field(
        800, ge=1, le=36_500, description="Codes of a key are good for so long after another one has followed it."
    )
    signing_key_look_seconds: float = Field(
        60.0, gt=0, le=3_600, description="How often a process looks which key signs."
    )

    letters_a_second: float = Field(
        20.0, gt=0, le=10_000, description="Letters to buyers leave this process so fast at most; a sale goes first."
    )
    letters_at_once: int = Field(
        4, ge=1, le=64, description="Letters to buyers in hand at the same time, each with a connection to the server."
    )
    letter_ledger_days: int = Field(
        400, ge=30, le=3_650, description="Days that the ledger of letters to buyers is kept."
    )

    apple_pass_file: str = Field(
        "",
        description="PEM file with the certificate of a pass type of Apple's and its key: letters have passes for "
        "Apple Wallet. Empty: none.",
    )
    apple_intermediate_file: str = Field(
        "", description="PEM file with Apple's certificate that issued the one of the pass type."
    )
    google_wallet_issuer: str = Field(
        "", description="The issuer's number in Google's console: letters have links to Google Wallet. Empty: none."
    )
    google_wallet_account_file: str = Field(
        "", description="JSON file of the service account that signs for Google Wallet."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_TICKETING_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
