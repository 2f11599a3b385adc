"""What a stack consists of and the environment each process gets: the one place where services are wired together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

HOST = "127.0.0.1"
# gRPC's own name for a target with several addresses.
_MANY = "ipv4:"


@dataclass(frozen=True, slots=True)
class ServicePart:
    """A process of the stack. `needs` are services whose gRPC target it is told; it waits for none of them."""

    name: str
    module: str
    database: str | None = None
    on_bus: bool = True
    needs: tuple[str, ...] = ()
    # Of a further node of the same service: which one; its name is service-number.
    node: int = 1

    @property
    def service(self) -> str:
        """The service it is a node of."""
        return self.name.rpartition("-")[0] if self.node > 1 else self.name


# In the order of starting; stopping goes backwards.
PARTS: tuple[ServicePart, ...] = (
    ServicePart("accounts", "services.accounts.main", "balcon_accounts"),
    ServicePart("catalogue", "services.catalogue.main", "balcon_catalogue", needs=("accounts",)),
    ServicePart("inventory", "services.inventory.main", "balcon_inventory", needs=("catalogue",)),
    ServicePart("sandbox", "services.payments.sandbox.main", on_bus=False),
    ServicePart("payments", "services.payments.main", "balcon_payments"),
    ServicePart(
        "ticketing",
        "services.ticketing.main",
        "balcon_ticketing",
        needs=("catalogue", "customers", "inventory", "orders", "payments"),
    ),
    ServicePart("customers", "services.customers.main", "balcon_customers"),
    ServicePart(
        "orders",
        "services.orders.main",
        "balcon_orders",
        needs=("catalogue", "inventory", "payments", "ticketing", "customers"),
    ),
    ServicePart(
        "reporting",
        "services.reporting.main",
        "balcon_reporting",
        needs=("catalogue", "customers", "inventory", "orders", "ticketing"),
    ),
    ServicePart("dip", "services.integrations.podiumkunst.sandbox.main", on_bus=False),
    ServicePart(
        "podiumkunst", "services.integrations.podiumkunst.main", "balcon_podiumkunst", needs=("catalogue", "inventory")
    ),
    ServicePart("trackers", "services.integrations.trackers.main", "balcon_trackers", needs=("catalogue", "customers")),
    ServicePart("mailchimp", "services.integrations.mailchimp.main", "balcon_mailchimp", needs=("customers",)),
    ServicePart("webhooks", "services.integrations.webhooks.main", "balcon_webhooks"),
)
# Nobody listens there. What is tried on one machine tells no real company anything, unless whoever tries it says so by
# the variable itself (such as BALCON_MAILCHIMP_API_URL).
NOWHERE = "http://127.0.0.1:1"
OUTSIDE: Mapping[str, tuple[str, ...]] = {
    "trackers": ("META_URL", "GOOGLE_URL", "GOOGLE_TOKEN_URL", "X_URL"),
    "mailchimp": ("API_URL",),
    "payments": ("STRIPE_URL",),
}
# Told alike: each seals what it keeps of outside companies.
INTEGRATIONS: tuple[str, ...] = ("podiumkunst", "trackers", "mailchimp", "webhooks")
# Pretended outside companies: they answer HTTP only, and know nothing of ours.
DOUBLES: tuple[str, ...] = ("sandbox", "dip")
GRPC_SERVICES: tuple[str, ...] = tuple(part.name for part in PARTS if part.name not in DOUBLES)
# Every service that consumes events (test_bus_topics looks who builds consumers).
CONSUMING: tuple[str, ...] = (
    "accounts",
    "catalogue",
    "customers",
    "inventory",
    "mailchimp",
    "orders",
    "podiumkunst",
    "reporting",
    "ticketing",
    "trackers",
    "webhooks",
)
BUS_DATABASE = "balcon_bus"
_LETTERS_A_SECOND = "1"
MAX_NODES = 16


def reporting_part() -> ServicePart:
    """The service whose read models can be built anew."""
    return next(part for part in PARTS if part.name == "reporting")


def is_wanted(part: ServicePart, integrations: Collection[str]) -> bool:
    """Whether a stack with those integrations has the part; the pretended platform goes with who speaks to it."""
    name = "podiumkunst" if part.name == "dip" else part.name
    return name not in INTEGRATIONS or name in integrations


def parts_of(nodes: int) -> tuple[ServicePart, ...]:
    """The processes of a stack whose inventory has so many nodes."""
    parts: list[ServicePart] = []
    for part in PARTS:
        parts.append(part)
        if part.name == "inventory":
            parts += [replace(part, name=f"inventory-{node}", node=node) for node in range(2, nodes + 1)]
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the processes are told about the world: ports by name (see port_names), server URLs, secrets.

    `tuning` overrides single settings by their full variable name, such as BALCON_ORDERS_PAYMENT_WINDOW_SECONDS.
    """

    ports: Mapping[str, int]
    database_urls: Mapping[str, str]
    redis_url: str
    bus_url: str
    webhook_secret: str
    sealing_secret: str
    service_key: str
    data_dir: str
    tuning: Mapping[str, str] = field(default_factory=dict)


def port_names(nodes: int = 1) -> list[str]:
    """Every port a stack needs, by name."""
    parts = [part for part in parts_of(nodes) if part.name not in DOUBLES]
    names = [f"{part.name}_{kind}" for part in parts for kind in ("grpc", "metrics")]
    return [*names, "mailchimp_http", "payments_http", "reporting_http", *(f"{name}_http" for name in DOUBLES)]


def target_of(service: str, ports: Mapping[str, int]) -> str:
    """The gRPC target of a service: host:port, or all of its nodes' (ipv4:host:port,host:port)."""
    further = [name for name in ports if name.startswith(f"{service}-") and name.endswith("_grpc")]
    nodes = [f"{HOST}:{ports[name]}" for name in (f"{service}_grpc", *sorted(further))]
    return nodes[0] if len(nodes) == 1 else f"{_MANY}{','.join(nodes)}"


def nodes_of(target: str) -> list[str]:
    """The host:port of each node that a target names."""
    return target.removeprefix(_MANY).split(",")


def starting_with(target: str, turn: int) -> str:
    """The same nodes, another one first: gRPC takes the first that answers, so callers spread."""
    nodes = nodes_of(target)
    turn %= len(nodes)
    turned = [*nodes[turn:], *nodes[:turn]]
    return target if len(nodes) == 1 else f"{_MANY}{','.join(turned)}"


def double_url(name: str, ports: Mapping[str, int]) -> str:
    """Where a pretended outside company answers: the sandbox provider (buyers too) or the DIP platform."""
    return f"http://{HOST}:{ports[f'{name}_http']}"


def webhook_url(ports: Mapping[str, int]) -> str:
    """Where payments takes the sandbox's webhooks."""
    return f"http://{HOST}:{ports['payments_http']}/webhooks/sandbox"


def environment_of(part: ServicePart, world: Surroundings, inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of one process; what the stack does not decide comes from the caller's own environment."""
    prefix = f"BALCON_{part.service.upper()}_"
    settings = {f"{prefix}{name}": NOWHERE for name in OUTSIDE.get(part.name, ())} | dict(inherited)
    settings |= {"PYTHONUNBUFFERED": "1", "GRPC_VERBOSITY": inherited.get("GRPC_VERBOSITY", "ERROR")}
    settings |= {f"{prefix}{name}": value for name, value in _settings(part, world).items()}
    settings |= world.tuning
    return settings


def _settings(part: ServicePart, world: Surroundings) -> dict[str, str]:
    if part.name == "sandbox":
        return _sandbox_settings(world)
    if part.name == "dip":
        port = str(world.ports["dip_http"])
        return {"LISTEN_HOST": HOST, "HTTP_PORT": port, "DATA_PATH": f"{world.data_dir}/dip.json"}
    settings = {
        "LISTEN_HOST": HOST,
        "ADVERTISED_HOST": HOST,
        "GRPC_PORT": str(world.ports[f"{part.name}_grpc"]),
        "METRICS_PORT": str(world.ports[f"{part.name}_metrics"]),
        "SERVICE_KEY": world.service_key,
    }
    if part.name != "accounts":
        # Whose keys sign people's tokens.
        settings["ACCOUNTS_TARGET"] = target_of("accounts", world.ports)
    if part.database is not None:
        settings["DATABASE_URL"] = world.database_urls[part.database]
    if part.on_bus:
        settings["BUS_URL"] = world.bus_url
    for needed in part.needs:
        settings[f"{needed.upper()}_TARGET"] = target_of(needed, world.ports)
    return settings | _own_settings(part, world)


def _own_settings(part: ServicePart, world: Surroundings) -> dict[str, str]:
    """What no other service is told."""
    settings: dict[str, str] = {}
    if part.name == "catalogue":
        # Asked about the seats of performances that change their plan; it starts later.
        settings["INVENTORY_TARGET"] = target_of("inventory", world.ports)
    if part.name == "customers":
        # Asked what somebody has bought, and what is kept of them; both start at another time.
        settings |= {f"{name.upper()}_TARGET": target_of(name, world.ports) for name in ("orders", "ticketing")}
    if part.service == "inventory":
        settings["REDIS_URL"] = world.redis_url
    if part.name in {"accounts", "customers", "reporting", "ticketing", "webhooks"}:
        # The seals of each are its own, whoever has the same secret.
        settings |= {"SEALING_SECRETS": world.sealing_secret, "MAIL_FOLDER": f"{world.data_dir}/mail"}
    if part.name in INTEGRATIONS or part.name == "orders":
        settings["SEALING_SECRETS"] = world.sealing_secret
    if part.name == "ticketing":
        # A sale on one machine comes first: some 15 ms of a core a letter.
        settings["LETTERS_A_SECOND"] = _LETTERS_A_SECOND
    if part.name == "podiumkunst":
        settings["BASE_URL"] = double_url("dip", world.ports)
    if part.name == "webhooks":
        # Who tries them has a receiver on the same machine.
        settings["ALLOW_PRIVATE_TARGETS"] = "true"
    if part.name == "mailchimp":
        # Where MailChimp tells of whoever unsubscribes there.
        port = world.ports["mailchimp_http"]
        settings |= {"HTTP_PORT": str(port), "PUBLIC_URL": f"http://{HOST}:{port}"}
    if part.name == "reporting":
        port = world.ports["reporting_http"]
        settings |= {"HTTP_PORT": str(port), "PUBLIC_URL": f"http://{HOST}:{port}"}
    if part.name == "payments":
        settings |= {
            "HTTP_PORT": str(world.ports["payments_http"]),
            "PUBLIC_URL": f"http://{HOST}:{world.ports['payments_http']}",
            "SEALING_SECRETS": world.sealing_secret,
            "SANDBOX_ALLOWED": "true",
            "SANDBOX_URL": double_url("sandbox", world.ports),
            # No stack on a developer's machine speaks with a real company: nobody answers for it there.
            "MOLLIE_URL": double_url("sandbox", world.ports),
            "STRIPE_URL": double_url("sandbox", world.ports),
            "SANDBOX_WEBHOOK_SECRETS": world.webhook_secret,
        }
    return settings


def _sandbox_settings(world: Surroundings) -> dict[str, str]:
    return {
        "LISTEN_HOST": HOST,
        "HTTP_PORT": str(world.ports["sandbox_http"]),
        "WEBHOOK_URL": webhook_url(world.ports),
        "WEBHOOK_SECRET": world.webhook_secret,
        "DATA_PATH": f"{world.data_dir}/sandbox.sqlite",
    }
