"""Web trackers of the house, what they are attached to, and what they were told."""

from __future__ import annotations

from typing import Final

from balcon.trackers.v1 import trackers_service_pb2

from services.console.house.command import Command, Subject, changing

TRACKERS: Final = Subject(
    "tracker",
    "Trackers at Meta, Google and X: what they are attached to, and what they were told.",
    "trackers",
    trackers_service_pb2.DESCRIPTOR.services_by_name["TrackersService"],
    (
        Command("create", "CreateTracker", "Makes a tracker; it is silent until it is attached."),
        Command(
            "list",
            "ListTrackers",
            "Lists the trackers.",
            columns=("tracker_id", "kind", "name", "ids", "credentials_hint", "archived"),
        ),
        Command("show", "GetTracker", "Shows a tracker, and what it was told.", arguments=("tracker_id",)),
        changing("tracker", "UpdateTracker", "GetTracker", "Changes a tracker; new credentials replace the old ones."),
        Command(
            "check",
            "ValidateTracker",
            "Has the company look at a made-up purchase without counting it.",
            arguments=("tracker_id",),
        ),
        Command("archive", "ArchiveTracker", "Silences a tracker for good.", arguments=("tracker_id",)),
        Command(
            "attach",
            "AttachTracker",
            "Attaches a tracker to a performance.",
            arguments=("tracker_id", "performance_id"),
        ),
        Command("detach", "DetachTracker", "Takes it off again.", arguments=("tracker_id", "performance_id")),
        Command(
            "attach-production",
            "AttachTrackerToProduction",
            "Attaches a tracker to all performances of a production, those to come as well.",
            arguments=("tracker_id", "production_id"),
        ),
        Command(
            "detach-production",
            "DetachTrackerFromProduction",
            "Takes it off again.",
            arguments=("tracker_id", "production_id"),
        ),
        Command(
            "attachments",
            "ListAttachments",
            "Lists what is attached to what.",
            columns=("tracker_id", "scope", "thing_id", "attached_at"),
        ),
        Command(
            "calls",
            "ListTrackerCalls",
            "Lists what trackers were told, the latest first.",
            columns=("tracker_id", "step", "performance_id", "order_id", "handed_out_at", "reached_at", "queued_at"),
        ),
    ),
)
