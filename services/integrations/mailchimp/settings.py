"""Settings of mailchimp, BALCON_MAILCHIMP_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import OutboundSettings


class MailchimpSettings(OutboundSettings):
    """What mailchimp needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_MAILCHIMP_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals "
        "the MailChimp keys of houses, all of them open what was sealed."
    )

    catalogue_target: str = Field(description="host:port of the catalogue: houses, and what consents are about.")
    customers_target: str = Field(description="host:port of customers: who has consented to what.")
    http_port: int = Field(
        0, ge=0, le=65_535, description="Port at which MailChimp tells of changes there; 0 takes a free one."
    )
    public_url: str = Field(
        "http://127.0.0.1:8092", pattern="^https?://", description="Where MailChimp finds that port."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_MAILCHIMP_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
