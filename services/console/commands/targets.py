"""Finds the services a command talks to: named one by one, or those of the stack that runs on a data folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from services.console.stack.blueprint import GRPC_SERVICES
from services.console.stack.data_folder import DataFolder
from services.runtime.embedded.data_folder import default_data_dir


def find_targets(data: Path | None, named: Sequence[str]) -> Mapping[str, str]:
    """service -> host:port, from `named` (service=host:port) or else from the running stack's record (NoStackRuns)."""
    if not named:
        return DataFolder(data or default_data_dir()).read_record().targets
    targets = {}
    for item in named:
        service, separator, target = item.partition("=")
        if not separator or service not in GRPC_SERVICES or not target.rpartition(":")[2].isdigit():
            problem = f"{item!r} is not service=host:port with service one of {', '.join(GRPC_SERVICES)}"
            raise typer.BadParameter(problem, param_hint="--target")
        targets[service] = target
    return targets
