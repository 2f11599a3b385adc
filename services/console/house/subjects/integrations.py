"""What goes to outside systems, of every integration: how targets stand, what waits, the ledger."""

from __future__ import annotations

from typing import Final

from balcon.outbound.v1 import outbound_service_pb2

from services.console.house.command import Command, Subject
from services.console.stack.blueprint import INTEGRATIONS

# Nameless: its commands are the group's own, such as `balcon integrations status`.
OUTBOUND: Final = Subject(
    "",
    "What goes to outside systems.",
    "",
    outbound_service_pb2.DESCRIPTOR.services_by_name["OutboundService"],
    (
        Command(
            "status",
            "ListTargets",
            "Shows how each target stands, what waits for it, and why it does not go.",
            columns=(
                "integration",
                "target_id",
                "state",
                "waiting",
                "oldest_at",
                "next_try_at",
                "locked_why",
                "succeeded_at",
                "failure",
            ),
        ),
        Command(
            "waiting",
            "ListDispatches",
            "Lists what is to be told, or was: the newest first.",
            columns=("integration", "dispatch_id", "target_id", "kind", "about", "state", "made_at", "tries", "note"),
            defaults={"state": "waiting"},
        ),
        Command(
            "ledger",
            "ListExchanges",
            "Lists the exchanges with outside systems: what was asked, when, and what came back.",
            columns=("integration", "asked_at", "target_id", "asked", "status", "outcome", "dispatches", "answer"),
        ),
        Command(
            "replay",
            "ReplayDispatches",
            "Sends again, under the same keys: what was refused, or what the options say.",
            arguments=("target_id",),
        ),
        Command("pause", "PauseTarget", "Lets nothing more go to a target.", arguments=("target_id",)),
        Command(
            "resume",
            "ResumeTarget",
            "Lets a target be told again that was paused, locked or resting.",
            arguments=("target_id",),
        ),
    ),
    among=INTEGRATIONS,
)
