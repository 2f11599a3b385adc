"""Reporting's settings, BALCON_REPORTING_*. Read in main only."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.runtime.settings import BusSettings


class ReportingSettings(BusSettings):
    """A consumer of events and a gRPC server of totals."""

    model_config = SettingsConfigDict(env_prefix="BALCON_REPORTING_", frozen=True, extra="ignore")

    rebuild_timeout_seconds: float = Field(
        3600.0, gt=0, le=86_400, description="A rebuild that has not caught up by then is given up; nothing is lost."
    )
