"""Podiumkunst.info, now the DIP platform: what it is told of linked performances, and what of it it has."""

from __future__ import annotations

from typing import Final

from balcon.podiumkunst.v1 import figures_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject

FIGURES: Final = Subject(
    "figures",
    "Podiumkunst (DIP): what the platform is told of linked performances, and what of it it has.",
    "podiumkunst",
    figures_service_pb2.DESCRIPTOR.services_by_name["PodiumkunstFiguresService"],
    (
        Command(
            "preview",
            "PreviewFigures",
            "Shows what would be told now, and who is left out of it.",
            columns=(
                "number",
                "code",
                "sold.count",
                "sold.recette",
                "reserved.count",
                "blocked.count",
                "excluded",
                "unknown_parts",
            ),
        ),
        Command("push", "PushNow", "Tells the platform all figures now."),
        Command(
            "pushes", "ListPushes", "Lists what the platform was told last, what it said, and what differs by now."
        ),
        Command("file", "DownloadFigures", "Fetches the figures into a file (CSV or EXCEL).", saves={"data": "out"}),
        Command("sellers", "GetReportingSellers", "Shows who tells the platform itself."),
        Command(
            "set-sellers",
            "SetReportingSellers",
            "Says who tells the platform itself, so that it is left out.",
            etag=ReadsEtag("GetReportingSellers"),
        ),
    ),
)
