"""What the commands share: their common options, and how one runs with the deployment's key."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from services.console.commands.targets import find_targets
from services.console.stack.credentials import find_service_key, hold_key
from services.console.terminal import ERR, fail
from services.runtime.embedded.servers import default_data_dir
from services.runtime.errors import Fault

Data = Annotated[
    Path | None, typer.Option("--data", envvar="BALCON_DATA", help="Data folder of the stack.", show_default="per user")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", help="service=host:port, once a service; default: the stack on the data folder."),
]


def run_command(command: Coroutine[Any, Any, Any], data: Path | None = None) -> Any:
    """Runs the command with the deployment's key: that of the environment, or of the data folder."""

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
