"""`balcon house buyer-policy ...`: what buyers may do by themselves."""

from __future__ import annotations

from typing import Final

from balcon.orders.v1 import buyer_policy_pb2

from services.console.house.command import Command, ReadsEtag, Subject

BUYER_POLICY: Final = Subject(
    "buyer-policy",
    "What buyers may do by themselves: ask for their money, exchange, pass tickets on.",
    "orders",
    buyer_policy_pb2.DESCRIPTOR.services_by_name["BuyerPolicyService"],
    (
        Command("show", "GetBuyerPolicy", "Shows what is in force, for the house or for a performance."),
        Command(
            "update",
            "UpdateBuyerPolicy",
            "Makes a new version, for the house or for a performance.",
            etag=ReadsEtag("GetBuyerPolicy"),
        ),
        Command(
            "archive",
            "ArchiveBuyerPolicy",
            "A performance goes by the house's policy again.",
            arguments=("performance_id",),
            etag=ReadsEtag("GetBuyerPolicy"),
        ),
        Command(
            "list",
            "ListBuyerPolicies",
            "Lists all versions, the newest first.",
            columns=("performance_id", "policy_version", "since_at", "archived", "refunds", "exchanges", "tickets"),
        ),
    ),
)
