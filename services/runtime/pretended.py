"""Runs a pretended outside company, a process of its own: it serves until SIGTERM and knows nothing of ours."""

from __future__ import annotations

import asyncio
import signal
from typing import Protocol

import uvloop

from services.runtime.telemetry.logging import configure_logging, get_logger


class Pretended(Protocol):
    """An outside company as tests and the local stack pretend it."""

    @property
    def port(self) -> int:
        """Where it answers, once it is started."""
        ...

    async def start(self) -> None:
        """Opens its port."""
        ...

    async def stop(self) -> None:
        """Closes it."""
        ...


def run_pretended(name: str, company: Pretended, log_level: str) -> None:
    """Until SIGTERM or SIGINT. `name`: in its logs."""
    configure_logging(name, log_level)
    uvloop.run(_serve(name, company))


async def _serve(name: str, company: Pretended) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await company.start()
    log = get_logger(name)
    log.info(f"{name}_started", http_port=company.port)
    await stopping.wait()
    await company.stop()
    log.info(f"{name}_stopped")
