"""Accounts' settings, BALCON_ACCOUNTS_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import BusSettings, MailSettings


class AccountsSettings(MailSettings, BusSettings):
    """What accounts needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_ACCOUNTS_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals signing keys and second "
        "factors in the database, all of them open what was sealed."
    )
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    session_idle_hours: int = Field(72, ge=1, le=8_760, description="A person's session ends after so long unused.")
    session_hours: int = Field(720, ge=1, le=8_760, description="A person's session ends after so long at all.")
    buyer_session_idle_hours: int = Field(24, ge=1, le=8_760, description="A buyer's session ends so long unused.")
    buyer_session_hours: int = Field(168, ge=1, le=8_760, description="A buyer's session ends after so long at all.")
    password_time_cost: int = Field(3, ge=1, le=100, description="Argon2id: passes over the memory (RFC 9106).")
    password_memory_kib: int = Field(
        65_536, ge=8, le=4_194_304, description="Argon2id: memory of one comparison, which each thread takes."
    )
    password_threads: int = Field(2, ge=1, le=64, description="Passwords that are hashed at the same time.")
    password_queue: int = Field(64, ge=1, le=10_000, description="Passwords that may wait for that.")
    free_guesses: int = Field(5, ge=1, le=1_000, description="Wrong passwords of one account that cost no waiting.")
    free_guesses_by_address: int = Field(
        50, ge=1, le=100_000, description="The same from one address, for all accounts together."
    )
    guess_seconds: float = Field(1.0, gt=0, le=3_600, description="The first wait after that; it doubles each time.")
    guess_limit_seconds: float = Field(900.0, gt=0, le=86_400, description="The longest wait.")
    guess_hours: int = Field(24, ge=1, le=720, description="Wrong passwords are forgotten after so long without any.")
    pages_url: str = Field(
        "http://127.0.0.1:8000", pattern="^https?://", description="Where links in mails lead to, without a last slash."
    )
    signing_key_days: int = Field(30, ge=1, le=3_650, description="A key signs tokens for so long.")
    signing_key_announce_hours: int = Field(
        24, ge=1, le=720, description="The next key is told for so long before it signs."
    )
    signing_key_look_seconds: float = Field(
        60.0, gt=0, le=3_600, description="How often a process looks which key signs."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_ACCOUNTS_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
