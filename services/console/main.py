"""The `balcon` command line: parses, calls services.console.commands, sets the exit status. Nothing else."""

from __future__ import annotations

from collections.abc import Coroutine
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop

from services.console.commands.audit import run_audit
from services.console.commands.targets import find_targets
from services.console.commands.totals import run_totals
from services.console.commands.up import demo_house_id, run_down, run_up
from services.console.terminal import OUT, fail
from services.runtime.embedded.servers import default_data_dir
from services.runtime.errors import Fault

app = typer.Typer(
    name="balcon", help="Theatre seats sold in real time.", no_args_is_help=True, pretty_exceptions_show_locals=False
)

Data = Annotated[Path | None, typer.Option("--data", help="Data folder of the stack.", show_default="per user")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Target = Annotated[
    list[str] | None,
    typer.Option("--target", help="service=host:port, once a service; default: the stack on the data folder."),
]


def _run(command: Coroutine[Any, Any, Any]) -> Any:
    try:
        return uvloop.run(command)
    except Fault as error:
        fail(error)


@app.command()
def up(
    data: Data = None,
    bus_url: Annotated[str, typer.Option(help="kafka://host:port instead of the log in Postgres.")] = "",
    json: Json = False,
) -> None:
    """Starts the whole stack and keeps it running until Ctrl-C. Data stays for the next start."""
    _run(run_up(data or default_data_dir(), bus_url, json))


@app.command()
def down(data: Data = None) -> None:
    """Stops what `balcon up` runs."""
    _run(run_down(data or default_data_dir()))


@app.command()
def audit(
    data: Data = None,
    target: Target = None,
    performance: Annotated[str, typer.Option(help="Only this performance.")] = "",
    json: Json = False,
) -> None:
    """Checks the invariants on the running system; status 1 with the rows that break them."""
    try:
        targets = find_targets(data, target or [])
    except Fault as error:
        fail(error)
    if not _run(run_audit(targets, performance, json)):
        raise typer.Exit(1)


@app.command()
def totals(
    house: Annotated[str, typer.Option(help="House id; default: the demo house of the data folder.")] = "",
    data: Data = None,
    target: Target = None,
    json: Json = False,
) -> None:
    """Sold, held, free and revenue of each performance, as reporting tells it."""
    try:
        targets = find_targets(data, target or [])
        house = house or demo_house_id(data or default_data_dir())
    except Fault as error:
        fail(error)
    _run(run_totals(targets["reporting"], house, json))


@app.command()
def version() -> None:
    """Balcon's version."""
    OUT.print(installed_version("balcon"), highlight=False)


if __name__ == "__main__":
    app()
