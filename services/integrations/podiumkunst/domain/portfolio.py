"""What the productions of a house's portfolio have sold by the platform's books, seen three ways (R0.4). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.integrations.podiumkunst.domain.connection import Look


class PortfolioView(StrEnum):
    """How figures are put together."""

    NATIONAL = "national"
    REGION = "region"
    THEATRE = "theatre"


@dataclass(frozen=True, slots=True)
class Figure:
    """One production at one theatre. Province '' where the platform has not told it."""

    production_id: str
    title: str
    theatre_id: str
    theatre: str
    province_id: str
    province: str
    tickets: int
    recette_minor: int


@dataclass(frozen=True, slots=True)
class PortfolioLine:
    """A production in the country, in a region or at a theatre. `theatres`: at so many."""

    production_id: str
    title: str
    province: str
    theatre_id: str
    theatre: str
    theatres: int
    tickets: int
    recette_minor: int


@dataclass(frozen=True, slots=True)
class ProductionLook:
    """How the last look at a production's sales ended. `adds_up`: the platform's own sums agree."""

    production_id: str
    look: Look
    adds_up: bool = True


@dataclass(frozen=True, slots=True)
class Portfolio:
    """With the times at which each production was read."""

    lines: Sequence[PortfolioLine]
    looks: Sequence[ProductionLook]


def seen(figures: Iterable[Figure], view: PortfolioView) -> Sequence[PortfolioLine]:
    """Line by line, by title; whatever the view, the lines of a production add up to the same."""
    groups: dict[tuple[str, str, str], list[Figure]] = {}
    for one in figures:
        region = one.province_id if view is not PortfolioView.NATIONAL else ""
        theatre = one.theatre_id if view is PortfolioView.THEATRE else ""
        groups.setdefault((one.production_id, region, theatre), []).append(one)
    lines = [_line(group, view) for group in groups.values()]
    return sorted(lines, key=lambda one: (one.title, one.production_id, one.province, one.theatre, one.theatre_id))


def _line(group: Sequence[Figure], view: PortfolioView) -> PortfolioLine:
    first = group[0]
    is_theatre = view is PortfolioView.THEATRE
    return PortfolioLine(
        production_id=first.production_id,
        title=first.title,
        province="" if view is PortfolioView.NATIONAL else first.province,
        theatre_id=first.theatre_id if is_theatre else "",
        theatre=first.theatre if is_theatre else "",
        theatres=len({one.theatre_id for one in group}),
        tickets=sum(one.tickets for one in group),
        recette_minor=sum(one.recette_minor for one in group),
    )
