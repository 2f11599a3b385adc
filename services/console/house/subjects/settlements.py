"""Settlements (R3.21), and the deals that they are made by."""

from __future__ import annotations

from typing import Final

from balcon.reporting.v1 import settlements_pb2

from services.console.house.command import Command, Subject

_SERVICE: Final = settlements_pb2.DESCRIPTOR.services_by_name["SettlementsService"]
_LISTED: Final = (
    "number",
    "settlement_id",
    "title",
    "starts_at",
    "gross",
    "producer",
    "house",
    "corrected_by_number",
    "has_changed",
)

DEALS: Final = Subject(
    "deal",
    "Deals: what was agreed on with those who bring a production.",
    "reporting",
    _SERVICE,
    (
        Command("set", "SetDeal", "Says what was agreed on.", arguments=("scope", "scope_id")),
        Command("show", "GetDeal", "Shows a deal.", arguments=("scope", "scope_id")),
        Command(
            "list",
            "ListDeals",
            "Lists the deals that hold.",
            columns=("scope", "scope_id", "producer", "basis", "deal_version", "set_at"),
        ),
    ),
)

SETTLEMENTS: Final = Subject(
    "settlement",
    "Settlements: what a performance took, and what everybody gets of it.",
    "reporting",
    _SERVICE,
    (
        Command(
            "preview", "PreviewSettlement", "Shows the settlement as it would be now.", arguments=("performance_id",)
        ),
        Command("finalise", "FinaliseSettlement", "Makes it final for good.", arguments=("performance_id",)),
        Command(
            "correct",
            "CorrectSettlement",
            "Corrects a final one whose figures have changed since.",
            arguments=("settlement_id",),
        ),
        Command("show", "GetSettlement", "Shows a final one.", arguments=("settlement_id",)),
        Command("list", "ListSettlements", "Lists the final ones, the newest first.", columns=_LISTED),
        Command(
            "file",
            "DownloadSettlement",
            "Fetches one, or what a performance's would be, as a file.",
            saves={"data": "out"},
        ),
        Command("verify", "VerifySettlement", "Says whether it is what was signed.", arguments=("settlement_id",)),
        Command(
            "keys",
            "ListSettlementKeys",
            "Lists the public keys that settlements were signed with.",
            columns=("key_id", "public_key", "signs_from_at"),
        ),
        Command("granted", "ListGrantedSettlements", "Lists those that houses have granted to you.", columns=_LISTED),
        Command(
            "file-granted",
            "DownloadGrantedSettlement",
            "Fetches one of those as a file.",
            arguments=("settlement_id",),
            saves={"data": "out"},
        ),
        Command("show-granted", "GetGrantedSettlement", "Shows one of those.", arguments=("settlement_id",)),
    ),
)
