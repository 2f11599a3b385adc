"""Settings of webhooks, BALCON_WEBHOOKS_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import MailSettings, OutboundSettings


class WebhooksSettings(MailSettings, OutboundSettings):
    """What webhooks needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_WEBHOOKS_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals "
        "the secrets that sign webhooks, all of them open what was sealed."
    )

    catalogue_target: str = Field(description="host:port of the catalogue: houses and their languages.")

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_WEBHOOKS_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
