"""Questions about figures as SQL: which table answers, what it is told apart by, what of it somebody may see.

The one place where sight and narrowings become conditions. Everything that people say travels as a parameter.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.reporting.ports.figures import Dimension, Narrowing, Sight

MINUTE_MS: Final = 60_000
# The clocks of all zones are whole quarters of an hour apart.
QUARTER_MS: Final = 15 * MINUTE_MS


def serving(model: str) -> str:
    """The generation of a model that is told to people."""
    return f"(SELECT generation FROM read_model_generations WHERE model = '{model}' AND serving)"  # noqa: S608 (ours)


_TOLD: Final = f"generation = {serving('houses')} AND house_id = :house_id"
# Of the house that is asked about; looked up once a question.
_ZONE: Final = f"coalesce((SELECT time_zone FROM house_facts WHERE {_TOLD}), 'UTC')"  # noqa: S608 (fixed parts)

_PARTS: Final = frozenset({Dimension.COMPONENT, Dimension.VAT_CLASS, Dimension.VAT_RATE})
# How a moment of the house's day is written; all of them sort as they follow each other.
_CLOCK: Final[Mapping[Dimension, str]] = {
    Dimension.MINUTE: """to_char({local}, 'YYYY-MM-DD"T"HH24:MI')""",
    Dimension.HOUR: """to_char({local}, 'YYYY-MM-DD"T"HH24')""",
    Dimension.DAY: "to_char({local}, 'YYYY-MM-DD')",
    Dimension.WEEK: "to_char(date_trunc('week', {local}), 'YYYY-MM-DD')",
    Dimension.MONTH: "to_char({local}, 'YYYY-MM')",
}
_STARTS: Final = f"(to_timestamp(p.starts_at_ms / 1000) AT TIME ZONE {_ZONE})"
# What the house's clock showed, by the time of a movement as the first stage left it.
_LOCAL: Final = f"(to_timestamp(t.moved_ms / 1000) AT TIME ZONE {_ZONE})"
_LOCAL_START: Final = f"(to_timestamp(t.starts_at_ms / 1000) AT TIME ZONE {_ZONE})"
_DAYS_BEFORE: Final = f"to_char({_LOCAL_START}::date - {_LOCAL}::date, 'FM00000')"
# Said of the performance, whatever is counted of it.
_OF_PERFORMANCE: Final[Mapping[Dimension, str]] = {
    Dimension.PERFORMANCE: "s.performance_id",
    Dimension.PRODUCTION: "coalesce(p.production_id, '')",
    Dimension.HALL: "coalesce(p.hall_id, '')",
    Dimension.EVENT_DAY: f"CASE WHEN p.starts_at_ms > 0 THEN to_char({_STARTS}, 'YYYY-MM-DD') ELSE '' END",
}
_COLUMNS: Final[Mapping[Dimension, str]] = {
    Dimension.CATEGORY: "s.category",
    Dimension.KIND: "s.kind",
    Dimension.TICKET_TYPE: "s.ticket_type",
    Dimension.CHANNEL: "s.channel",
    Dimension.DISCOUNT: "s.discount_id",
    Dimension.OFFICE: "s.office_id",
    Dimension.SELLER_KIND: "s.seller_kind",
    Dimension.SELLER: "s.seller",
    Dimension.SEAT: "s.seat_id",
}
_SUMMED: Final = tuple(
    f"sum(s.{name})"
    for name in ("tickets_sold", "tickets_back", "sold_minor", "back_minor", "vat_minor", "discount_minor")
)
_OF_PARTS: Final[Mapping[Dimension, str]] = {
    Dimension.COMPONENT: "s.component",
    Dimension.VAT_CLASS: "s.vat_class",
    Dimension.VAT_RATE: "lpad(s.vat_rate::text, 5, '0')",
}


@dataclass(frozen=True, slots=True)
class _Source:
    """A table that sums are taken from. `moved`: its column of time, and how fine that is."""

    table: str
    figures: Sequence[str]
    latest: str
    dimensions: Mapping[Dimension, str]
    moved: str = ""
    finest_ms: int = 1

    def answers(self, by: Collection[Dimension], narrowing: Narrowing) -> bool:
        """Whether it has what the question tells apart and narrows by."""
        own = self.dimensions.keys() | _OF_PERFORMANCE.keys()
        if self.moved:
            own |= _CLOCK.keys() | {Dimension.DAYS_BEFORE}
        needed = set(by)
        needed |= {Dimension.CHANNEL} if narrowing.channels else set()
        needed |= {Dimension.SELLER} if narrowing.sellers else set()
        needed |= {Dimension.OFFICE} if narrowing.office_ids else set()
        bounds = [ms for ms in (narrowing.moved_from_ms, narrowing.moved_until_ms) if ms is not None]
        if bounds and (not self.moved or any(ms % self.finest_ms for ms in bounds)):
            return False
        # What a part of a price is can be asked of parts only, and tickets of tickets only.
        return needed <= own and bool(_PARTS & set(by)) == bool(_PARTS & self.dimensions.keys())

    def expression(self, dimension: Dimension) -> str:
        """The value of a row, as text."""
        if dimension in _OF_PERFORMANCE:
            return _OF_PERFORMANCE[dimension]
        assert dimension in self.dimensions, "answers() said so"
        return self.dimensions[dimension]


_NOT_OF_SUMS: Final = frozenset({Dimension.SEAT})
_BY_PART: Final = (Dimension.KIND, Dimension.CHANNEL)
_MOVED_FIGURES: Final = (
    "count(*) FILTER (WHERE s.tickets > 0)",
    "count(*) FILTER (WHERE s.tickets < 0)",
    "coalesce(sum(s.amount_minor) FILTER (WHERE s.tickets > 0), 0)",
    "coalesce(-sum(s.amount_minor) FILTER (WHERE s.tickets <= 0), 0)",
    "sum(s.vat_minor)",
    "sum(s.discount_minor)",
)
# Each answers more questions than the one before, and has more rows to look at.
_SOURCES: Final = (
    _Source(
        table="sales_sums",
        figures=_SUMMED,
        latest="s.last_at_ms",
        dimensions={name: column for name, column in _COLUMNS.items() if name not in _NOT_OF_SUMS},
    ),
    _Source(
        table="sales_minutes",
        figures=_SUMMED,
        latest="s.minute_ms",
        dimensions={name: _COLUMNS[name] for name in (Dimension.CHANNEL, Dimension.KIND)},
        moved="s.minute_ms",
        finest_ms=MINUTE_MS,
    ),
    _Source(table="sales_ledger", figures=_MOVED_FIGURES, latest="s.at_ms", dimensions=_COLUMNS, moved="s.at_ms"),
    _Source(
        table="sales_parts",
        figures=("0", "0", "sum(s.sold_minor)", "sum(s.back_minor)", "sum(s.vat_minor)", "0"),
        latest="0",
        dimensions={**{name: _COLUMNS[name] for name in _BY_PART}, **_OF_PARTS},
    ),
    _Source(
        table="""(SELECT l.*, part.component, part.vat_class, part.vat_rate, part.part_minor, part.part_vat_minor
                  FROM sales_ledger l CROSS JOIN LATERAL unnest(
                      l.part_kinds, l.part_classes, l.part_rates, l.part_amounts, l.part_vats
                  ) AS part (component, vat_class, vat_rate, part_minor, part_vat_minor))""",
        figures=(
            "0",
            "0",
            "coalesce(sum(s.part_minor) FILTER (WHERE s.tickets > 0), 0)",
            "coalesce(-sum(s.part_minor) FILTER (WHERE s.tickets <= 0), 0)",
            "sum(s.part_vat_minor)",
            "0",
        ),
        latest="s.at_ms",
        dimensions={**_COLUMNS, **_OF_PARTS},
        moved="s.at_ms",
    ),
)


# Every question is of one house, and of the one that is asked for (INV-8).
OF_PERFORMANCE: Final = (
    f"LEFT JOIN performance_facts p ON p.generation = {serving('performances')} "
    "AND p.house_id = :house_id AND p.performance_id = s.performance_id"
)


@dataclass(slots=True)
class Conditions:
    """Conditions with their parameters, over `s` (what is counted) and `p` (the performance it is of)."""

    parts: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return " AND ".join(self.parts)

    def one_of(self, expression: str, name: str, values: Collection[str]) -> None:
        """Nothing where there are no values: an empty set narrows nothing."""
        if values:
            self.parts.append(f"{expression} = ANY(CAST(:{name} AS text[]))")
            self.parameters[name] = sorted(values)

    def between(self, expression: str, name: str, from_ms: int | None, until_ms: int | None) -> None:
        """Half open."""
        if from_ms is not None:
            self.parts.append(f"{expression} >= :{name}_from")
            self.parameters[f"{name}_from"] = from_ms
        if until_ms is not None:
            self.parts.append(f"{expression} < :{name}_until")
            self.parameters[f"{name}_until"] = until_ms


def seen(sight: Sight, narrowing: Narrowing) -> Conditions:
    """Which performances of the house: those in sight, and of those what is asked for.

    What the catalogue says of them is looked up first: the large tables are then read by their keys, whatever the
    database believes of their size.
    """
    found = Conditions(["s.house_id = :house_id"], {"house_id": sight.house_id})
    if not sight.whole_house:
        of_productions = _described("q.production_id = ANY(CAST(:seen_productions AS text[]))")
        found.parts.append(f"s.performance_id = ANY(CAST(:seen_performances AS text[]) || {of_productions})")
        found.parameters["seen_performances"] = sorted(sight.performance_ids)
        found.parameters["seen_productions"] = sorted(sight.production_ids)
    found.one_of("s.performance_id", "performance_ids", narrowing.performance_ids)
    described = Conditions()
    described.one_of("q.production_id", "production_ids", narrowing.production_ids)
    described.one_of("q.hall_id", "hall_ids", narrowing.hall_ids)
    described.one_of("q.title", "titles", narrowing.titles)
    if narrowing.starts_from_ms is not None or narrowing.starts_until_ms is not None:
        described.parts.append("q.starts_at_ms > 0")
        described.between("q.starts_at_ms", "starts", narrowing.starts_from_ms, narrowing.starts_until_ms)
    if described.parts:
        found.parts.append(f"s.performance_id = ANY({_described(str(described))})")
        found.parameters |= described.parameters
    return found


def _described(condition: str) -> str:
    """The performances of the house that the catalogue says this of, as an array."""
    of_house = f"q.generation = {serving('performances')} AND q.house_id = :house_id"
    return f"ARRAY(SELECT q.performance_id FROM performance_facts q WHERE {of_house} AND {condition})"  # noqa: S608 (ours)


def narrowed_sales(found: Conditions, narrowing: Narrowing, moved: str) -> None:
    """Adds what narrows movements, and not which performances are told."""
    found.one_of("s.channel", "channels", {channel.value for channel in narrowing.channels})
    found.one_of("s.seller", "sellers", narrowing.sellers)
    found.one_of("s.office_id", "office_ids", narrowing.office_ids)
    found.between(moved, "moved", narrowing.moved_from_ms, narrowing.moved_until_ms)


def sums_sql(sight: Sight, narrowing: Narrowing, by: Sequence[Dimension]) -> tuple[str, dict[str, Any]]:
    """Rows of the dimensions' values, the currency, six figures as Sums has them, and the time of the latest."""
    source = next(each for each in _SOURCES if each.answers(by, narrowing))
    found = seen(sight, narrowing)
    narrowed_sales(found, narrowing, source.moved)
    where = f"s.generation = {serving('sales')} AND {found}"
    clocks = [dimension for dimension in by if dimension in _CLOCK or dimension is Dimension.DAYS_BEFORE]
    values = ["''" if dimension in clocks else source.expression(dimension) for dimension in by]
    is_joined = Dimension.DAYS_BEFORE in by or any("p." in value for value in values)
    table = f"{source.table} s {OF_PERFORMANCE if is_joined else ''}"
    if not clocks:
        columns = ", ".join([*values, "s.currency"])
        return (
            f"SELECT {columns}, {_whole(source.figures)}, max({source.latest}) FROM {table} "  # noqa: S608 (fixed parts)
            f"WHERE {where} GROUP BY {_places(len(by) + 1)}"
        ), found.parameters
    return _by_the_clock(source, by, values, table, where), found.parameters


def _by_the_clock(source: _Source, by: Sequence[Dimension], values: Sequence[str], table: str, where: str) -> str:
    """In two stages, for clocks are dear: added up by quarters of an hour first, and then by what the clock showed."""
    step = MINUTE_MS if Dimension.MINUTE in by else QUARTER_MS
    starts = "coalesce(p.starts_at_ms, 0)" if Dimension.DAYS_BEFORE in by else "0"
    inner = [*values, "s.currency", f"{source.moved} - {source.moved} % {step}", starts]
    named = [f"v{place}" for place in range(len(by))] + ["currency", "moved_ms", "starts_at_ms"]
    figures = [f"f{place}" for place in range(len(source.figures))]
    stage = (
        f"SELECT {', '.join(inner)}, {', '.join(source.figures)}, max({source.latest}) FROM {table} "  # noqa: S608
        f"WHERE {where} GROUP BY {_places(len(inner))}"
    )
    outer = [_shown(dimension, place) for place, dimension in enumerate(by)]
    return (
        f"SELECT {', '.join([*outer, 't.currency'])}, {_whole([f'sum(t.{name})' for name in figures])}, "  # noqa: S608
        f"max(t.latest) FROM ({stage}) AS t ({', '.join([*named, *figures, 'latest'])}) "
        f"GROUP BY {_places(len(by) + 1)}"
    )


def _shown(dimension: Dimension, place: int) -> str:
    if dimension is Dimension.DAYS_BEFORE:
        return f"CASE WHEN t.starts_at_ms > 0 THEN {_DAYS_BEFORE} ELSE '' END"
    return _CLOCK[dimension].format(local=_LOCAL) if dimension in _CLOCK else f"t.v{place}"


def _places(count: int) -> str:
    return ", ".join(str(place + 1) for place in range(count))


def _whole(figures: Sequence[str]) -> str:
    """Sums of whole numbers are decimals to the database, which are dear to read."""
    return ", ".join(f"CAST({figure} AS bigint)" for figure in figures)
