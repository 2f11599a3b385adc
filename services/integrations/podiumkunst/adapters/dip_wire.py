"""The wire shapes of the DIP platform: every path and field name that Balcon says or reads there, in one place.

UNVERIFIED: the published OpenAPI file was not at hand. Each name can be set to another one
(BALCON_PODIUMKUNST_DIP_NAMES), so that it is compared with that file in minutes and no release is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final

import msgspec

from services.integrations.podiumkunst.domain.platform import (
    RANKS,
    PlatformList,
    PlatformPerformance,
    ProductionSales,
    SoldAt,
    Theatre,
    is_number,
    joined_number,
)
from services.runtime.outbound.masking import masked

# Dots lead into objects. Marked [seen]: reported by somebody who has called it; the rest is a guess by analogy.
DEFAULT_NAMES: Final[Mapping[str, str]] = {
    "path.performances": "/theaters/performances",  # [seen]
    "path.production_sales": "/productions/{production}/sales",  # [seen]
    "path.token": "/token",  # [seen]
    "path.tickets": "/tickets/cumulative",  # [seen]
    "path.reservations": "/reservations/cumulative",  # [seen]
    # An article of 2023 has /blocked-seats/cumulative, a reading of the OpenAPI file of 2026 this.
    "path.blocked": "/blockedseats/cumulative",
    "path.capacity": "/productions/{production}/performances/{number}/capacity",  # [seen]
    "token.client_id": "client_id",  # [seen]
    "token.client_secret": "client_secret",  # [seen]
    "token.access": "access_token",
    "token.seconds": "expires_in",
    "told.production": "production",
    "told.number": "number",
    "told.kinds": "tickets",
    "told.kind": "kind",
    "told.amount": "amount",
    "told.recette": "recette",
    "told.value": "value",
    "told.capacity": "amount_rank{rank}",
    # Lists come bare, or in an object under this name.
    "list.items": "items",
    "error": "error",  # [seen]
    "error.description": "error_description",  # [seen]
    # What stands right of the bar, with the production's id left of it; or the whole.
    "performance.number": "number",  # [seen] in sales
    "performance.production_id": "production.id",
    "performance.title": "production.name",
    "performance.performer": "production.performer",
    "performance.theatre_id": "theater.id",
    "performance.theatre": "theater.name",
    "performance.province_id": "theater.province.id",  # [seen] of theatres
    "performance.province": "theater.province.name",  # [seen] of theatres
    "performance.location": "hall.name",
    "performance.date": "date",  # [seen] in sales
    "performance.time": "time",
    "performance.season": "season",
    "performance.status": "status",  # [seen]
    "performance.kind": "type",  # [seen]
    "performance.private": "private",
    "performance.school": "school",
    "performance.capacity": "amount_rank{rank}",  # [seen]
    "sales.theatres": "theaters",
    "sales.theatre_id": "id",  # [seen]
    "sales.theatre": "name",  # [seen]
    "sales.province_id": "province.id",
    "sales.province": "province.name",
    "sales.tickets": "tickets",  # [seen]
    "sales.recette": "recette",  # [seen], in cents
    "sales.updated": "updated",  # [seen]
    "sales.performances": "performances",  # [seen]
}
_MAX_TEXT_CHARS = 500


class ShapeUnknown(Exception):
    """An answer is not of the shape that was expected; the text says where."""


class DipNames:
    """The names in use. ValueError for one that nobody asks for: a typing error would go unseen."""

    def __init__(self, overrides: Mapping[str, str] | None = None) -> None:
        unknown = sorted(set(overrides or {}) - set(DEFAULT_NAMES))
        if unknown:
            message = f"BALCON_PODIUMKUNST_DIP_NAMES has {', '.join(unknown)}: known are {', '.join(DEFAULT_NAMES)}"
            raise ValueError(message)
        self._names = {**DEFAULT_NAMES, **(overrides or {})}

    def __getitem__(self, name: str) -> str:
        return self._names[name]


def document_of(body: bytes) -> Any:
    """The JSON of an answer. ShapeUnknown for HTML, half an answer, and anything else that is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        message = "no JSON"
        raise ShapeUnknown(message) from error


def error_in(document: Any, names: DipNames, secrets: Sequence[str]) -> str | None:
    """What the platform says is wrong, whatever the status; None: nothing. It may be inside a 200.

    Masked, for it is kept and shown: a platform may repeat what it was sent. `secrets`: what that would be.
    """
    if not isinstance(document, dict) or not document.get(names["error"]):
        return None
    told = [document.get(names[one]) for one in ("error", "error.description")]
    return ": ".join(masked(one, secrets) for one in told if isinstance(one, str)) or "an error without words"


def performances_of(document: Any, names: DipNames) -> PlatformList:
    """The platform's performances. An entry that cannot be read is counted and costs the others nothing."""
    found: dict[str, PlatformPerformance] = {}
    unreadable = 0
    for entry in _items(document, names):
        try:
            one = _performance(entry, names)
        except ShapeUnknown:
            unreadable += 1
        else:
            found[one.number] = one
    return PlatformList(tuple(found.values()), unreadable)


def sales_of(production_id: str, document: Any, names: DipNames) -> ProductionSales:
    """What a production has sold. A figure that cannot be read makes the whole answer so: sums must be whole."""
    if isinstance(document, dict) and names["sales.theatres"] in document:
        document = document[names["sales.theatres"]]
    return ProductionSales(production_id, tuple(_sold_at(entry, names) for entry in _items(document, names)))


def _items(document: Any, names: DipNames) -> Iterator[Any]:
    if isinstance(document, dict):
        document = document.get(names["list.items"])
    if not isinstance(document, list):
        message = "no list"
        raise ShapeUnknown(message)
    yield from document


def _performance(entry: Any, names: DipNames) -> PlatformPerformance:
    def text(name: str, *, needed: bool = False) -> str:
        return _text(entry, names[f"performance.{name}"], needed=needed)

    number = joined_number(text("production_id"), text("number", needed=True))
    if not is_number(number):
        message = "a number that is none"
        raise ShapeUnknown(message)
    day, at = _wall_time(text("date", needed=True), text("time"))
    return PlatformPerformance(
        number=number,
        title=text("title", needed=True),
        performer=text("performer"),
        theatre=Theatre(text("theatre_id", needed=True), text("theatre"), text("province_id"), text("province")),
        location=text("location"),
        day=day,
        at=at,
        season=text("season"),
        status=text("status"),
        kind=text("kind"),
        is_private=_at(entry, names["performance.private"]) is True,
        is_school=_at(entry, names["performance.school"]) is True,
        capacity=_capacity(entry, names),
    )


def _capacity(entry: Any, names: DipNames) -> tuple[int, ...]:
    pattern = names["performance.capacity"]
    counts = [_at(entry, pattern.replace("{rank}", str(rank))) for rank in range(1, RANKS + 1)]
    return tuple(one if _is_count(one) else 0 for one in counts)


def _sold_at(entry: Any, names: DipNames) -> SoldAt:
    tickets, recette = (_count(entry, names[f"sales.{one}"]) for one in ("tickets", "recette"))
    parts = _at(entry, names["sales.performances"])
    adds_up = True
    if isinstance(parts, list):
        sums = [sum(_count(part, names[f"sales.{one}"]) for part in parts) for one in ("tickets", "recette")]
        adds_up = sums == [tickets, recette]
    theatre = Theatre(
        _text(entry, names["sales.theatre_id"], needed=True),
        _text(entry, names["sales.theatre"]),
        _text(entry, names["sales.province_id"]),
        _text(entry, names["sales.province"]),
    )
    return SoldAt(theatre, tickets, recette, _text(entry, names["sales.updated"]), adds_up)


def _at(entry: Any, path: str) -> Any:
    for part in path.split("."):
        entry = entry.get(part) if isinstance(entry, dict) else None
    return entry


def _text(entry: Any, path: str, *, needed: bool = False) -> str:
    """A text. A number without quotes is taken as it is written: what zeros it had were never told."""
    value = _at(entry, path)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or value == "":
        if needed:
            message = f"no {path}"
            raise ShapeUnknown(message)
        return ""
    if not isinstance(value, str) or len(value) > _MAX_TEXT_CHARS:
        message = f"{path} is no text"
        raise ShapeUnknown(message)
    return "".join(one if one.isprintable() else " " for one in value).strip()


def _count(entry: Any, path: str) -> int:
    value = _at(entry, path)
    if not _is_count(value):
        message = f"{path} is no count"
        raise ShapeUnknown(message)
    return int(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _wall_time(day: str, at: str) -> tuple[date, time | None]:
    """Without zone. The date may hold the time as well."""
    try:
        if "T" in day:
            both = datetime.fromisoformat(day)
            if both.tzinfo is None:
                return both.date(), time.fromisoformat(at) if at else both.time()
        else:
            found = time.fromisoformat(at) if at else None
            if found is None or found.tzinfo is None:
                return date.fromisoformat(day), found
    except ValueError as error:
        message = f"{day[:30]!r} {at[:30]!r} is no date and time"
        raise ShapeUnknown(message) from error
    message = "a time with a zone"
    raise ShapeUnknown(message)
