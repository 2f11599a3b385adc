"""Settings of trackers, BALCON_TRACKERS_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import OutboundSettings


class TrackersSettings(OutboundSettings):
    """What trackers needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_TRACKERS_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals "
        "credentials of trackers and what is kept of a visit, all of them open what was sealed."
    )

    catalogue_target: str = Field(description="host:port of the catalogue: what is sold, by name.")
    customers_target: str = Field(description="host:port of customers: the address of who has consented.")
    call_timeout_seconds: float = Field(10.0, gt=0, le=60, description="Timeout of one call to another service.")
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    visit_keep_hours: int = Field(
        168,
        ge=24,
        le=168,
        description="How long something is kept of a visit after it was told of last: 7 days at most.",
    )

    meta_url: str = Field("https://graph.facebook.com", pattern="^https?://", description="Meta's Graph API.")
    meta_version: str = Field("25.0", pattern=r"^\d+\.\d+$", description="The version of Meta's Graph API.")
    google_url: str = Field(
        "https://datamanager.googleapis.com", pattern="^https?://", description="Google's Data Manager API."
    )
    google_version: str = Field("1", pattern=r"^\d+$", description="The version of Google's Data Manager API.")
    google_token_url: str = Field(
        "https://oauth2.googleapis.com/token",
        pattern="^https?://",
        description="Where Google gives access tokens; a service account's word is good for it alone.",
    )
    x_url: str = Field("https://ads-api.x.com", pattern="^https?://", description="X's Ads API.")
    x_version: str = Field("12", pattern=r"^\d+$", description="The version of X's Ads API.")

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_TRACKERS_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
