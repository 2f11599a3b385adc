"""How a command runs with the deployment's key, and where it finds the services."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import typer
import uvloop

from services.console.commands.targets import find_targets
from services.console.terminal import ERR, fail
from services.runtime.embedded.data_folder import default_data_dir
from services.runtime.errors import Fault


def run_command(command: Coroutine[Any, Any, Any], data: Path | None = None) -> Any:
    """Runs the command with the deployment's key: that of the environment, or of the data folder."""
    # Signs tokens; a house's commands, which only take this module's neighbours, load no cryptography.
    from services.console.stack.credentials import find_service_key, hold_key  # noqa: PLC0415

    async def with_key() -> Any:
        hold_key(find_service_key(data or default_data_dir()))
        return await command

    try:
        return uvloop.run(with_key())
    except Fault as error:
        fail(error)
    except (KeyboardInterrupt, asyncio.CancelledError) as stop:
        ERR.print("stopped")
        raise typer.Exit(130) from stop


def targets_or_fail(data: Path | None, target: list[str] | None) -> Mapping[str, str]:
    """Where the services answer; ends the command when nobody says so."""
    try:
        return find_targets(data, target or [])
    except Fault as error:
        fail(error)
