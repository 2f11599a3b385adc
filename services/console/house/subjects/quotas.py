"""Quotas: ceilings per channel and phase on places that stay in the pool, and what comes out of them."""

from __future__ import annotations

from typing import Final

from balcon.catalogue.v1 import catalogue_service_pb2

from services.console.house.command import Command, Subject, archiving, changing

_SERVICE: Final = catalogue_service_pb2.DESCRIPTOR.services_by_name["CatalogueService"]

QUOTAS: Final = Subject(
    "quota",
    "Ceilings per channel and phase on what may be sold.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreateQuota", "Adds a quota to a production."),
        Command(
            "list",
            "ListQuotas",
            "Lists the quotas.",
            columns=("quota_id", "name", "production_id", "size", "presale_hours", "percentages"),
        ),
        Command("show", "GetQuota", "Shows a quota with its rules.", arguments=("quota_id",)),
        changing("quota", "UpdateQuota", "GetQuota", "Changes what is given of a quota."),
        archiving("quota", "ArchiveQuota", "GetQuota", "Takes a quota away."),
        Command(
            "capacity",
            "GetCapacityView",
            "Shows what comes out of them, per day and performance.",
            arguments=("production_id", "first_date", "last_date"),
            columns=("local_date", "performance_id", "starts_at", "capacity", "outcomes"),
        ),
    ),
)
