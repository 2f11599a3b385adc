"""`balcon house buyer-policy` and `refund-request`: what buyers may do by themselves, and what they ask back."""

from __future__ import annotations

from typing import Final

from balcon.orders.v1 import buyer_policy_pb2, refund_requests_pb2

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
            "Makes a new version, for the house or for a performance; what is said of refunds, exchanges or tickets "
            "takes the place of all that was said of them.",
            etag=ReadsEtag("GetBuyerPolicy"),
            names={"buyer_policy.refunds.wishes": "refunds-wish"},
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

REFUND_REQUESTS: Final = Subject(
    "refund-request",
    "What buyers ask back: granted or declined by the house.",
    "orders",
    refund_requests_pb2.DESCRIPTOR.services_by_name["RefundRequestsService"],
    (
        Command(
            "list",
            "ListRefundRequests",
            "Lists requests, the newest first.",
            columns=("refund_request_id", "order_id", "state", "wish", "back", "asked_at", "ended_at"),
        ),
        Command("show", "GetRefundRequest", "Shows a request and its money.", arguments=("refund_request_id",)),
        Command(
            "grant",
            "GrantRefundRequest",
            "Grants a request: its tickets let nobody in any more, its money goes back, the buyer is told.",
            arguments=("refund_request_id",),
        ),
        Command(
            "decline",
            "DeclineRefundRequest",
            "Declines a request; the buyer is told why, in these words.",
            arguments=("refund_request_id", "reason"),
        ),
    ),
)
