"""`python -m services.payments.sandbox.main`: the sandbox provider until SIGTERM."""

from __future__ import annotations

import asyncio
import signal

import uvloop

from services.payments.sandbox.server import Sandbox, SandboxPlan
from services.payments.sandbox.settings import SandboxSettings
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.telemetry.logging import configure_logging, get_logger


async def _serve(settings: SandboxSettings) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    plan = SandboxPlan(
        data_path=settings.data_path,
        host=settings.listen_host,
        port=settings.http_port,
        public_url=settings.public_url,
        webhook_url=settings.webhook_url,
        webhook_secret=settings.webhook_secret.get_secret_value(),
        pay_late_seconds=settings.pay_late_seconds,
        stall_seconds=settings.stall_seconds,
        seed=settings.seed,
    )
    sandbox = Sandbox(plan, clock=SystemClock(), ids=RandomIds())
    await sandbox.start()
    log = get_logger("sandbox")
    log.info("sandbox_started", http_port=sandbox.port)
    await stopping.wait()
    await sandbox.stop()
    log.info("sandbox_stopped")


def main() -> None:
    """Runs until SIGTERM or SIGINT."""
    settings = SandboxSettings()
    configure_logging("sandbox", settings.log_level)
    uvloop.run(_serve(settings))


if __name__ == "__main__":
    main()
