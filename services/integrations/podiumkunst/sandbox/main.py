"""`python -m services.integrations.podiumkunst.sandbox.main`: the pretended DIP platform until SIGTERM."""

from __future__ import annotations

import asyncio
import signal

import uvloop

from services.integrations.podiumkunst.sandbox.app import DipDouble, DipPlan
from services.integrations.podiumkunst.sandbox.settings import DipSettings
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.telemetry.logging import configure_logging, get_logger


async def _serve(settings: DipSettings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    plan = DipPlan(
        host=settings.listen_host,
        port=settings.http_port,
        data_path=settings.data_path,
        token_seconds=settings.token_seconds,
        blocked_seats_path=settings.blocked_seats_path,
    )
    double = DipDouble(plan, clock=SystemClock(), ids=RandomIds())
    await double.start()
    log = get_logger("dip")
    log.info("dip_started", http_port=double.port)
    await stopping.wait()
    await double.stop()
    log.info("dip_stopped")


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    settings = DipSettings()
    configure_logging("dip", settings.log_level)
    uvloop.run(_serve(settings))


if __name__ == "__main__":
    main()
