"""Addresses that are told what happens in a house, and what was told to them."""

from __future__ import annotations

from typing import Final

from balcon.webhooks.v1 import webhooks_service_pb2

from services.console.house.command import Command, Subject, changing

_SERVICE: Final = webhooks_service_pb2.DESCRIPTOR.services_by_name["WebhooksService"]
_ENDPOINT: Final = ("endpoint_id",)

WEBHOOKS: Final = Subject(
    "webhook",
    "Addresses that are told what happens in the house, and what was told to them.",
    "webhooks",
    _SERVICE,
    (
        Command("create", "CreateEndpoint", "Names an address; its secret is shown this once.", arguments=("url",)),
        Command(
            "list",
            "ListEndpoints",
            "Lists the addresses.",
            columns=("endpoint_id", "url", "state", "failing_since_at", "disabled_at"),
        ),
        Command("show", "GetEndpoint", "Shows an address.", arguments=_ENDPOINT),
        changing("endpoint", "UpdateEndpoint", "GetEndpoint", "Changes what is given of an address."),
        Command("archive", "ArchiveEndpoint", "Tells an address nothing any more, for good.", arguments=_ENDPOINT),
        Command("enable", "EnableEndpoint", "Tells an address again that was disabled.", arguments=_ENDPOINT),
        Command("rotate", "RotateSecret", "Gives an address a new secret, shown this once.", arguments=_ENDPOINT),
        Command("test", "SendTestEvent", "Sends a test.", arguments=_ENDPOINT),
        Command(
            "types",
            "ListEventTypes",
            "Lists what an address may be told.",
            columns=("type", "topic", "description"),
        ),
        Command(
            "log",
            "ListDeliveries",
            "Lists what was sent to an address, and how it was answered.",
            arguments=_ENDPOINT,
            columns=("event_id", "event_type", "state", "tries", "made_at", "next_try_at", "note"),
        ),
        Command(
            "delivery",
            "GetDelivery",
            "Shows what is sent for one event, and each try.",
            arguments=("endpoint_id", "event_id"),
        ),
        Command("redeliver", "RedeliverEvent", "Sends one event again.", arguments=("endpoint_id", "event_id")),
        Command(
            "redeliver-all",
            "RedeliverEvents",
            "Sends again what happened from a time on, or of it what was not taken.",
            arguments=_ENDPOINT,
        ),
    ),
)
