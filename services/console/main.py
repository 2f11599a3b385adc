"""The `balcon` command line: parses, calls services.console.commands, sets the exit status. Nothing else.

Each command loads what it runs when it runs: a house's commands never load databases, nor the stack.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.console.bus_app import bus_app
from services.console.calling import run_command
from services.console.commands.targets import find_targets
from services.console.house.app import add_everybodys, house_app
from services.console.integrations_app import integrations_app
from services.console.options import Data, Json, Target
from services.console.orders_app import orders_app
from services.console.sale.victim import Victim
from services.console.stack.blueprint import MAX_NODES
from services.console.stack.data_folder import KAFKA, POSTGRES
from services.console.terminal import OUT, fail
from services.runtime.clock import SystemClock
from services.runtime.embedded.data_folder import default_data_dir
from services.runtime.errors import Fault
from services.runtime.ids import RandomIds
from services.runtime.rpc.tls import CA_VARIABLE, ClientTls, use_for_channels

app = typer.Typer(
    name="balcon", help="Theatre seats sold in real time.", no_args_is_help=True, pretty_exceptions_show_locals=False
)


@app.callback()
def _everywhere(
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca", envvar=CA_VARIABLE, help="PEM certificates of the deployment's CA: services are called over TLS."
        ),
    ] = None,
) -> None:
    """Theatre seats sold in real time."""
    use_for_channels(ClientTls(ca) if ca else None)


class Bus(StrEnum):
    """The buses that a stack can run itself."""

    POSTGRES = POSTGRES
    KAFKA = KAFKA


OwnBus = Annotated[
    Bus | None,
    typer.Option(
        "--bus",
        help="The stack's own bus: a log in Postgres, or a Kafka broker (Java and its jars are needed).",
        show_default="as the data folder has it, else postgres",
    ),
]
BusUrl = Annotated[str, typer.Option(help="A Kafka that runs elsewhere, in place of a bus of the stack's own.")]


def _own_bus(bus: Bus | None, bus_url: str) -> str:
    if bus is not None and bus_url:
        raise typer.BadParameter("only one of --bus and --bus-url", param_hint="--bus")
    return "" if bus is None else bus.value


@app.command()
def up(
    data: Data = None,
    bus: OwnBus = None,
    bus_url: BusUrl = "",
    nodes: Annotated[int, typer.Option(min=1, max=MAX_NODES, help="Nodes of the inventory.")] = 1,
    integrations: Annotated[bool, typer.Option(help="With the services that speak to outside companies.")] = True,
    json: Json = False,
) -> None:
    """Starts the whole stack and keeps it running until Ctrl-C. Data stays for the next start."""
    from services.console.commands.up import run_up
    from services.console.stack.blueprint import INTEGRATIONS
    from services.console.stack.local_stack import StackOptions

    wanted = INTEGRATIONS if integrations else ()
    options = StackOptions(bus_url, nodes=nodes, bus=_own_bus(bus, bus_url), integrations=wanted)
    run_command(run_up(data or default_data_dir(), options, json))


@app.command()
def down(data: Data = None) -> None:
    """Stops what `balcon up` runs."""
    from services.console.commands.up import run_down

    run_command(run_down(data or default_data_dir()))


@app.command()
def seed(data: Data = None, json: Json = False) -> None:
    """Makes two houses with people in every role, a season and sales, and tells how to log in. May be repeated."""
    from services.console.commands.seed import run_seed

    run_command(run_seed(data or default_data_dir(), json), data)


@app.command()
def demo(  # noqa: PLR0913, PLR0917 (each is an option)
    plan: Annotated[Path | None, typer.Option(help="Seating plan (JSON); default: Riethsporthalle Erfurt.")] = None,
    buyers: Annotated[int, typer.Option(min=1, max=100_000)] = 5_000,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The same seed brings the same buyers.")] = 1,
    json: Annotated[Path | None, typer.Option(help="Writes the figures to this file.")] = None,
    kill: Annotated[Victim | None, typer.Option(help="kill -9 of this service in the middle of the sale.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Data folder; default: a temporary one.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Keeps the temporary data folder.")] = False,
    bus: OwnBus = None,
    bus_url: BusUrl = "",
    load_processes: Annotated[int, typer.Option(min=1, max=16, help="Processes the buyers are dealt to.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, max=MAX_NODES, help="Nodes of the inventory.")] = 1,
    contingents: Annotated[
        bool, typer.Option("--contingents", help="With offices that have seats, and a ceiling for the shop.")
    ] = False,
    report: Annotated[
        Path | None, typer.Option(help="Where the promoter's PDF goes; default: a file that is told.")
    ] = None,
    provider_chaos: Annotated[
        bool,
        typer.Option(
            "--provider-chaos",
            help="The pretended provider errs, falls silent, loses, repeats and delays, all drawn from the seed.",
        ),
    ] = False,
    fast: Annotated[bool, typer.Option("--fast", hidden=True, help="Shorter windows, for tests.")] = False,
) -> None:
    """Runs an on-sale from start to end and audits it; status 0 only if everything holds."""
    from services.console.commands.demo import FAST, NORMAL, DemoOptions, run_demo

    options = DemoOptions(
        buyers=buyers,
        seed=seed,
        plan=None if plan is None else read_plan(plan),
        json_path=json,
        kill=kill,
        data=data,
        keep=keep,
        bus_url=bus_url,
        bus=_own_bus(bus, bus_url),
        load_processes=load_processes,
        nodes=nodes,
        contingents=contingents,
        report=report,
        provider_chaos=provider_chaos,
        tempo=FAST if fast else NORMAL,
    )
    if not run_command(run_demo(options)):
        raise typer.Exit(1)


def read_plan(path: Path) -> bytes:
    """The file's bytes; what is in them is the catalogue's to judge."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--plan") from error


@app.command()
def audit(
    data: Data = None,
    target: Target = None,
    performance: Annotated[str, typer.Option(help="Only this performance.")] = "",
    json: Json = False,
) -> None:
    """Checks the invariants on the running system; status 1 with the rows that break them."""
    from services.console.commands.audit import run_audit

    try:
        targets = find_targets(data, target or [])
    except Fault as error:
        fail(error)
    if not run_command(run_audit(targets, performance, json), data):
        raise typer.Exit(1)


@app.command()
def totals(
    house: Annotated[str, typer.Option(help="House id; default: the demo house of the data folder.")] = "",
    data: Data = None,
    target: Target = None,
    json: Json = False,
) -> None:
    """Sold, held, free and revenue of each performance, as reporting tells it."""
    from services.console.commands.totals import run_totals
    from services.console.commands.up import demo_house_id

    try:
        targets = find_targets(data, target or [])
        house = house or demo_house_id(data or default_data_dir())
    except Fault as error:
        fail(error)
    run_command(run_totals(targets["reporting"], house, json), data)


@app.command(name="adopt-houses")
def adopt_houses(
    owner: Annotated[
        list[str] | None, typer.Option("--owner", help="LABEL=ADDRESS: who is invited to own a house; repeatable.")
    ] = None,
    data: Data = None,
    target: Target = None,
    json: Json = False,
) -> None:
    """Takes the houses of a catalogue from before accounts into accounts. May be repeated."""
    from services.console.commands.adopt import owners_of, run_adopt

    try:
        targets = find_targets(data, target or [])
        owners = owners_of(owner or [])
    except Fault as error:
        fail(error)
    run_command(run_adopt(targets, owners, as_json=json), data)


app.add_typer(house_app(), name="house")
add_everybodys(app)
app.add_typer(integrations_app(), name="integrations")
app.add_typer(orders_app(), name="orders")

cluster = typer.Typer(help="Which inventory node owns which performance, and how to change that.")
app.add_typer(cluster, name="cluster")


def _inventory(data: Path | None, target: list[str] | None) -> str:
    try:
        return find_targets(data, target or [])["inventory"]
    except Fault as error:
        fail(error)


@cluster.command(name="list")
def cluster_list(data: Data = None, target: Target = None, json: Json = False) -> None:
    """Nodes with their load, and who owns what."""
    from services.console.commands.cluster import run_describe

    run_command(run_describe(_inventory(data, target), json), data)


@cluster.command(name="move")
def cluster_move(performance: str, to: str, data: Data = None, target: Target = None) -> None:
    """Hands a performance over to the node at host:port now."""
    from services.console.commands.cluster import run_move

    run_command(run_move(_inventory(data, target), performance, to), data)


@cluster.command(name="pin")
def cluster_pin(
    performance: str,
    to: Annotated[str, typer.Argument(help="host:port; left out: unpins.")] = "",
    data: Data = None,
    target: Target = None,
) -> None:
    """Keeps a performance on one node as long as that lives."""
    from services.console.commands.cluster import run_pin

    run_command(run_pin(_inventory(data, target), performance, to), data)


@cluster.command(name="drain")
def cluster_drain(
    node: Annotated[str, typer.Argument(help="host:port")],
    undo: Annotated[bool, typer.Option("--undo", help="Takes it back into placement.")] = False,
    data: Data = None,
    target: Target = None,
) -> None:
    """Has a node hand everything over and take nothing new."""
    from services.console.commands.cluster import run_drain

    run_command(run_drain(_inventory(data, target), node, not undo), data)


app.add_typer(bus_app, name="bus")


@app.command()
def letters(
    data: Data = None,
    to: Annotated[str, typer.Option(help="Only those to this address.")] = "",
    link: Annotated[bool, typer.Option("--link", help="Only the link in the newest one; it is waited for.")] = False,
) -> None:
    """Shows the letters that a stack without a mail server has written into its data folder."""
    from services.console.commands.letters import run_letters

    run_command(run_letters(data or default_data_dir(), to, link, SystemClock()), data)


@app.command()
def onsale(
    buyers: Annotated[int, typer.Option(min=1, max=1_000_000)] = 50_000,
    rate: Annotated[float, typer.Option(min=1, max=1_000_000, help="Buyers that arrive per second.")] = 5_000,
    seats: Annotated[int, typer.Option(min=100, max=100_000, help="Size of the hall.")] = 100_000,
    seed: Annotated[int, typer.Option(min=0, max=2**31)] = 1,
    data: Data = None,
    target: Target = None,
    json_file: Annotated[Path | None, typer.Option(help="Writes the figures to this file.")] = None,
    json: Json = False,
) -> None:
    """Lets an open-loop crowd loose on one hall of a running stack and audits it; status 0 only if everything holds."""
    from services.console.commands.onsale import OnSaleOptions, run_onsale

    try:
        targets = find_targets(data, target or [])
    except Fault as error:
        fail(error)
    if not run_command(run_onsale(targets, OnSaleOptions(buyers, rate, seats, seed, json_file, json)), data):
        raise typer.Exit(1)


keys = typer.Typer(help="The private key that all services of a deployment share.")
app.add_typer(keys, name="keys")


@keys.command(name="new")
def keys_new() -> None:
    """Prints a new private key, for the settings SERVICE_KEY, and its public key, for TRUSTED_SERVICE_KEYS."""
    from services.console.commands.keys import print_new_key

    print_new_key(RandomIds())


@app.command()
def version() -> None:
    """Balcon's version."""
    from importlib.metadata import version as installed_version

    OUT.print(installed_version("balcon"), highlight=False)


if __name__ == "__main__":
    app()
