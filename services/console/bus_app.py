"""`balcon bus ...`: the commands about the bus, for whoever runs the deployment."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from services.console.calling import run_command, targets_or_fail
from services.console.options import Data, Json, Target
from services.console.stack.blueprint import CONSUMING
from services.console.stack.data_folder import DataFolder
from services.console.terminal import fail
from services.runtime.embedded.data_folder import default_data_dir
from services.runtime.errors import Fault

bus_app = typer.Typer(
    help="The bus: topics, consumer groups with their lag and pauses, events that could not be applied, rebuilds."
)

BusUrl = Annotated[
    str,
    typer.Option(
        "--bus-url",
        envvar="BALCON_BUS_URL",
        help="kafka://host:port[,host:port] or postgresql:// of the bus database; default: that of the running stack.",
    ),
]
Group = Annotated[str, typer.Argument(help="As `balcon bus groups` names it.")]


def _bus_url(bus_url: str, data: Data) -> str:
    if bus_url:
        return bus_url
    try:
        return DataFolder(data or default_data_dir()).read_record().bus_url
    except Fault as error:
        fail(error)


@bus_app.command(name="topics")
def bus_topics(bus_url: BusUrl = "", data: Data = None, json: Json = False) -> None:
    """Every topic with its partitions and messages, and how long it keeps them."""
    from services.console.commands.bus import run_topics

    run_command(run_topics(_bus_url(bus_url, data), json))


@bus_app.command(name="lag")
def bus_lag(bus_url: BusUrl = "", data: Data = None, target: Target = None, json: Json = False) -> None:
    """How many messages each consumer group has not worked off yet, how old the oldest of them is, and who is paused.

    With only --bus-url the bus alone is asked: it knows neither pauses nor groups that have read nothing yet.
    """
    from services.console.commands.bus import run_lag

    targets = {} if bus_url and not target else targets_or_fail(data, target)
    run_command(run_lag(_bus_url(bus_url, data), targets, json), data)


@bus_app.command(name="groups")
def bus_groups(data: Data = None, target: Target = None, json: Json = False) -> None:
    """The consumer groups of every service: what they read, which are paused, how many keys are parked."""
    from services.console.commands.bus import run_groups

    run_command(run_groups(targets_or_fail(data, target), json), data)


@bus_app.command(name="pause")
def bus_pause(group: Group, data: Data = None, target: Target = None, json: Json = False) -> None:
    """Has a consumer group stop reading within seconds, until it is resumed; its events wait on the bus."""
    from services.console.commands.bus import run_pause

    run_command(run_pause(targets_or_fail(data, target), group, json, paused=True), data)


@bus_app.command(name="resume")
def bus_resume(group: Group, data: Data = None, target: Target = None, json: Json = False) -> None:
    """Lets a paused consumer group read on where it stood."""
    from services.console.commands.bus import run_pause

    run_command(run_pause(targets_or_fail(data, target), group, json, paused=False), data)


@bus_app.command(name="dead-letters")
def bus_dead_letters(data: Data = None, target: Target = None, json: Json = False) -> None:
    """The keys whose events wait, and why."""
    from services.console.commands.bus import run_dead_letters

    run_command(run_dead_letters(targets_or_fail(data, target), json), data)


@bus_app.command(name="replay")
def bus_replay(
    service: Annotated[str, typer.Argument(help=f"One of {', '.join(CONSUMING)}.")],
    topic: str,
    key: str,
    data: Data = None,
    target: Target = None,
    json: Json = False,
) -> None:
    """Applies what waits of a key at a service, in order, once the cause is mended."""
    from services.console.commands.bus import run_replay

    targets = targets_or_fail(data, target)
    if service not in CONSUMING or service not in targets:
        raise typer.BadParameter(f"one of {', '.join(CONSUMING)}", param_hint="service")
    run_command(run_replay(targets[service], topic, key, json), data)


@bus_app.command(name="rebuild")
def bus_rebuild(
    model: Annotated[str, typer.Argument(help="One read model of reporting; left out: all of them.")] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Builds reporting's read models anew from the events, beside those that are served, and then serves them.

    With the settings of the running stack, or where they are in the environment (BALCON_REPORTING_...) with those.
    """
    from services.console.commands.bus import run_rebuild

    settings: dict[str, str] = {}
    if "BALCON_REPORTING_DATABASE_URL" not in os.environ:
        try:
            settings = DataFolder(data or default_data_dir()).read_record().reporting
        except Fault as error:
            fail(error)
    run_command(run_rebuild(model, settings, json), data)
