"""Podiumkunst.info, now the DIP platform: the house's connection, links, halls and portfolio (R0.4-R0.11, R0.15)."""

from __future__ import annotations

from typing import Final

from balcon.podiumkunst.v1 import links_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject
from services.console.house.link_tables import links_table, portfolio_table, unlinked_table

_SERVICE: Final = links_service_pb2.DESCRIPTOR.services_by_name["PodiumkunstLinksService"]
_FILTER: Final = {
    "which.season": "season",
    "which.text": "text",
    "which.from_date": "from-date",
    "which.until_date": "until-date",
    "which.theatre_id": "theatre-id",
    "which.with_others": "with-others",
}

LINKS: Final = Subject(
    "link",
    "Podiumkunst (DIP): which of the platform's performances is which of the house's.",
    "podiumkunst",
    _SERVICE,
    (
        Command("connect", "SetConnection", "Sets the house's account there.", etag=ReadsEtag("GetConnection")),
        Command("connection", "GetConnection", "Shows the house's account there."),
        Command("check", "CheckConnection", "Asks the platform now, and says what it answered."),
        Command("fetch", "FetchList", "Fetches the performances of the house's theatres now."),
        Command("count", "CountUnlinked", "Says how many are still to be linked.", names=_FILTER),
        Command(
            "list",
            "ListUnlinked",
            "Lists those that are still to be linked, with suggestions.",
            names=_FILTER,
            drawn=unlinked_table,
        ),
        Command("candidates", "ListCandidates", "Lists the house's own performances, to pick from."),
        Command("accept", "AcceptLink", "Links a number and a performance.", arguments=("number",)),
        Command("accept-many", "AcceptLinks", "Links many that were confirmed."),
        Command("unlink", "Unlink", "Takes a link back.", arguments=("number",)),
        Command("links", "ListLinks", "Lists the links, and what does not agree by now.", drawn=links_table),
        Command(
            "map-hall",
            "SetHallMapping",
            "Says what a hall is there, and which rank its categories are.",
            arguments=("hall_id",),
            etag=ReadsEtag("GetHallMapping"),
        ),
        Command("hall", "GetHallMapping", "Shows what a hall is there.", arguments=("hall_id",)),
        Command("halls", "ListHallMappings", "Lists the halls, and the ranks that prices suggest."),
        Command("theatres", "ListTheatres", "Lists the theatres and halls that the platform names."),
        Command(
            "portfolio",
            "GetPortfolio",
            "Shows what the linked productions have sold everywhere.",
            drawn=portfolio_table,
        ),
        Command("fetch-portfolio", "FetchPortfolio", "Asks the platform for these figures now."),
    ),
)
