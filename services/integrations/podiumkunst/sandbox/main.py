"""`python -m services.integrations.podiumkunst.sandbox.main`: the pretended DIP platform until SIGTERM."""

from __future__ import annotations

from services.integrations.podiumkunst.sandbox.app import DipDouble, DipPlan
from services.integrations.podiumkunst.sandbox.settings import DipSettings
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.pretended import run_pretended


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    settings = DipSettings()
    plan = DipPlan(
        host=settings.listen_host,
        port=settings.http_port,
        data_path=settings.data_path,
        token_seconds=settings.token_seconds,
        blocked_seats_path=settings.blocked_seats_path,
    )
    run_pretended("dip", DipDouble(plan, clock=SystemClock(), ids=RandomIds()), settings.log_level)


if __name__ == "__main__":
    main()
