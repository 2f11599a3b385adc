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

    allow_private_targets: bool = Field(
        False,
        description="Webhooks may go to this machine itself, by http too; never to others of its network. "
        "For a stack on one machine only.",
    )
    target_ports: str = Field(
        "",
        pattern=r"^(\d{1,5}(,\d{1,5})*)?$",
        description="The only ports that webhooks may go to, separated by commas; empty: any.",
    )
    disable_after_hours: int = Field(
        72, ge=1, le=24 * 30, description="An endpoint that has taken nothing for so long is disabled."
    )
    calls_per_endpoint: int = Field(
        24, ge=1, le=64, description="Webhooks that are on their way to one endpoint at a time."
    )
    keep_payloads_days: int = Field(
        30, ge=4, le=365, description="What was told is kept for so long, to be seen and to be told again."
    )
    request_key_hours: int = Field(
        96, ge=72, le=720, description="Idempotency keys and their first answers are kept at least so long (RULE 27)."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_WEBHOOKS_SEALING_SECRETS", self.sealing_secrets.get_secret_value())

    def ports(self) -> frozenset[int]:
        """The only ports; empty: any."""
        return frozenset(int(port) for port in self.target_ports.split(",") if port)
