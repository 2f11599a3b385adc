"""Productions with their posters, and performances."""

from __future__ import annotations

from typing import Final

from balcon.catalogue.v1 import catalogue_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject, archiving, changing

_SERVICE: Final = catalogue_service_pb2.DESCRIPTOR.services_by_name["CatalogueService"]
_OF_PRODUCTION: Final = ReadsEtag("GetProduction")
_OF_PERFORMANCE: Final = ReadsEtag("GetPerformance")

PRODUCTIONS: Final = Subject(
    "production",
    "What is shown.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreateProduction", "Adds a production."),
        Command(
            "list",
            "ListProductions",
            "Lists the productions, the newest first.",
            columns=("production_id", "title", "performers", "genre", "duration_minutes", "archived_at"),
        ),
        Command("show", "GetProduction", "Shows a production.", arguments=("production_id",)),
        changing("production", "UpdateProduction", "GetProduction", "Changes what is given of a production."),
        archiving("production", "ArchiveProduction", "GetProduction", "Takes a production out of use."),
    ),
)

POSTERS: Final = Subject(
    "poster",
    "Posters of productions.",
    "catalogue",
    _SERVICE,
    (
        Command(
            "set",
            "SetPoster",
            "Sets or replaces a poster: a jpg, gif or png.",
            arguments=("production_id", "image"),
            etag=_OF_PRODUCTION,
        ),
        Command("remove", "RemovePoster", "Takes the poster away.", arguments=("production_id",), etag=_OF_PRODUCTION),
        Command(
            "get",
            "GetPoster",
            "Writes one of a poster's images into a file.",
            arguments=("production_id",),
            saves={"image": "to"},
        ),
    ),
)

PERFORMANCES: Final = Subject(
    "performance",
    "Shows on a date, and their sale.",
    "catalogue",
    _SERVICE,
    (
        Command("create", "CreatePerformance", "Adds a performance; it is not on sale yet."),
        Command(
            "list",
            "ListPerformances",
            "Lists the performances.",
            columns=("performance_id", "starts_at", "title", "sale_state", "publication", "capacity", "code"),
        ),
        Command("show", "GetPerformance", "Shows a performance with its prices.", arguments=("performance_id",)),
        Command("find", "GetPerformanceByCode", "Shows the performance that has a code.", arguments=("code",)),
        changing("performance", "UpdatePerformance", "GetPerformance", "Changes what is given; its date by `move`."),
        Command("publish", "PublishPerformance", "Shows it to the public.", arguments=("performance_id",)),
        Command("hide", "HidePerformance", "Takes it out of the public's sight.", arguments=("performance_id",)),
        Command("open", "OpenForSale", "Lets seats be held from now on.", arguments=("performance_id",)),
        Command("close", "CloseSale", "Ends the sale.", arguments=("performance_id",)),
        Command(
            "move",
            "MovePerformance",
            "Moves it to another start; tickets stay valid.",
            arguments=("performance_id", "starts_at"),
            etag=_OF_PERFORMANCE,
        ),
        Command("cancel", "CancelPerformance", "Calls it off; refunds nothing.", arguments=("performance_id",)),
        Command("copy", "CopyPerformance", "Copies it to another start.", arguments=("performance_id", "starts_at")),
        Command(
            "series",
            "CreateSeries",
            "Copies it to many starts, by a weekly rule or a list.",
            arguments=("performance_id",),
            names={
                "weekly.weekdays": "weekday",
                "weekly.local_times": "local-time",
                "weekly.first_date": "first-date",
                "weekly.last_date": "last-date",
                "starts.starts_at": "starts-at",
            },
        ),
        Command(
            "change-plan",
            "ChangePerformancePlan",
            "Gives it another version of the hall's plan; refused with what stands in the way.",
            arguments=("performance_id", "plan_version"),
            etag=_OF_PERFORMANCE,
        ),
        Command(
            "carry",
            "UpdateSeries",
            "Carries what was changed of one to those of its series that begin later.",
            arguments=("performance_id",),
            etag=_OF_PERFORMANCE,
            names={"carried_fields.paths": "field"},
        ),
        archiving("performance", "ArchivePerformance", "GetPerformance", "Takes what is over out of the lists."),
    ),
)
