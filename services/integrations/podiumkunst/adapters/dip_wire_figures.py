"""The bodies and paths of what the DIP platform is told. UNVERIFIED, as the rest of its shapes: see dip_wire."""

from __future__ import annotations

from typing import Any, assert_never
from urllib.parse import quote

import msgspec

from services.integrations.podiumkunst.adapters.dip_wire import DipNames
from services.integrations.podiumkunst.domain.platform import split_number
from services.integrations.podiumkunst.domain.telling import Part, Telling


def path_of(telling: Telling, names: DipNames) -> str:
    """Of the call that tells this part."""
    production, number = split_number(telling.number)
    path = names[f"path.{telling.part.value}"]
    return path.replace("{production}", quote(production, safe="")).replace("{number}", quote(number, safe=""))


def told_body(telling: Telling, names: DipNames) -> bytes:
    """Money in cents; a capacity is told of ranks 1 to 10."""
    production, number = split_number(telling.number)
    whose: dict[str, Any] = {names["told.production"]: production, names["told.number"]: number}
    counts = telling.counts
    match telling.part:
        case Part.TICKETS:
            body = whose | {names["told.kinds"]: [_kind(kind, *counts[kind], names) for kind in sorted(counts)]}
        case Part.RESERVATIONS:
            count, minor = counts["reserved"]
            body = whose | {names["told.amount"]: count, names["told.recette"]: minor}
        case Part.BLOCKED:
            count, minor = counts["blocked"]
            body = whose | {names["told.amount"]: count, names["told.value"]: minor}
        case Part.CAPACITY:
            name = names["told.capacity"]
            body = {name.replace("{rank}", rank.removeprefix("rank")): count for rank, (count, _) in counts.items()}
        case _:
            assert_never(telling.part)
    return msgspec.json.encode(body)


def _kind(kind: str, count: int, minor: int, names: DipNames) -> dict[str, Any]:
    return {names["told.kind"]: kind, names["told.amount"]: count, names["told.recette"]: minor}
