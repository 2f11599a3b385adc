"""Settings of podiumkunst, BALCON_PODIUMKUNST_*."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import OutboundSettings


class PodiumkunstSettings(OutboundSettings):
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
    dip_names: dict[str, str] = Field(
        default_factory=dict,
        description="JSON object: paths and field names of the platform that are other than "
        "services/integrations/podiumkunst/adapters/dip_wire.py says, by the names there.",
    )
    call_timeout_seconds: float = Field(5.0, gt=0, le=60, description="Of a call of another service.")
    dip_timeout_seconds: float = Field(30.0, gt=0, le=300, description="The platform has so long for one answer.")
    list_minutes: int = Field(
        60, ge=1, le=1_440, description="Between two looks at the platform's list of a house's theatres."
    )
    portfolio_minutes: int = Field(
        720, ge=1, le=10_080, description="Between two looks at what the productions in a house's portfolio have sold."
    )
    # There are no limits said, and somebody who has asked a lot kept this distance.
    spacing_seconds: float = Field(
        0.5, ge=0, le=60, description="Between two requests on one house's account with the platform."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_PODIUMKUNST_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
