"""Settings of podiumkunst, BALCON_PODIUMKUNST_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import BusSettings


class PodiumkunstSettings(BusSettings):
    """What podiumkunst needs beside the settings of every service."""

    model_config = SettingsConfigDict(env_prefix="BALCON_PODIUMKUNST_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals "
        "the platform's credentials of houses, all of them open what was sealed."
    )

    catalogue_target: str = Field(description="host:port of the catalogue: performances, halls and price categories.")
    inventory_target: str = Field(description="host:port[,host:port] of any inventory nodes: what is reserved.")

    base_url: str = Field(
        "https://external-api.dip.nl",
        pattern="^https?://",
        description="Where the platform's API is; an installation that tries things out names the acceptance one.",
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_PODIUMKUNST_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
