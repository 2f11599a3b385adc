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

    customers_target: str = Field(description="host:port of customers: who has consented to what.")
    http_port: int = Field(
        0, ge=0, le=65_535, description="Port at which MailChimp tells of changes there; 0 takes a free one."
    )
    public_url: str = Field(
        "http://127.0.0.1:8092", pattern="^https?://", description="Where MailChimp finds that port."
    )
    api_url: str = Field(
        "https://{data_centre}.api.mailchimp.com/3.0",
        pattern="^https?://",
        description="MailChimp's API; {data_centre} stands for the end of a house's key.",
    )
    call_timeout_seconds: float = Field(10.0, gt=0, le=60, description="Timeout of one call to another service.")
    sync_interval_seconds: float = Field(
        600.0, ge=0.1, le=3_600, description="What has changed goes out so often (R3.17: several times an hour)."
    )
    news_interval_seconds: float = Field(
        10.0,
        ge=0.05,
        le=60,
        description="What MailChimp has told wakes whoever works it off; what is left of it, such as an opt-out that "
        "customers did not take, is looked for so often.",
    )
    compare_hours: int = Field(24, ge=1, le=168, description="Audiences are compared with MailChimp's so often.")
    compare_whole_days: int = Field(
        7, ge=1, le=31, description="And so often whole, not only what has changed there since the last time."
    )
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    news_days: int = Field(
        30, ge=1, le=365, description="Days that it is remembered what MailChimp has told, so that it counts once."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_MAILCHIMP_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
