"""Movements as rows: the ledger's, and what they add to each table of sums. Decides nothing: the domain folds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.figures_sql import MINUTE_MS
from services.reporting.adapters.projections.sales_accounts import OrderKey
from services.reporting.domain.ledger import LineMovement, Part, Sale


class Moved(NamedTuple):
    """A movement with the sale that it is of."""

    key: OrderKey
    sale: Sale
    movement: LineMovement


_LEDGER: Sequence[tuple[str, str]] = (
    ("house_id", "text"),
    ("performance_id", "text"),
    ("order_id", "text"),
    ("number", "int"),
    ("line", "smallint"),
    ("seat_id", "text"),
    ("tickets", "smallint"),
    ("category", "text"),
    ("kind", "text"),
    ("ticket_type", "text"),
    ("channel", "text"),
    ("currency", "text"),
    ("amount_minor", "bigint"),
    ("vat_minor", "bigint"),
    ("discount_minor", "bigint"),
    ("discount_id", "text"),
    ("office_id", "text"),
    ("seller_kind", "text"),
    ("seller", "text"),
    ("customer_id", "text"),
    ("at_ms", "bigint"),
)
# Arrays of arrays cannot be of several lengths, so each travels as the text of an array.
_PARTS: Sequence[tuple[str, str]] = (  # as a Part has them
    ("part_kinds", "text[]"),
    ("part_classes", "text[]"),
    ("part_rates", "int[]"),
    ("part_amounts", "bigint[]"),
    ("part_vats", "bigint[]"),
)
_FIGURES = ("tickets_sold", "tickets_back", "sold_minor", "back_minor", "vat_minor", "discount_minor")
_MONEY = ("sold_minor", "back_minor", "vat_minor")
_PLACE: Sequence[tuple[str, str]] = (("house_id", "text"), ("performance_id", "text"))
_SUMS: Sequence[tuple[str, str]] = (
    *_PLACE,
    *((name, "text") for name in ("category", "kind", "ticket_type", "channel", "discount_id", "office_id")),
    *((name, "text") for name in ("seller_kind", "seller", "currency")),
)
_BY_PART: Sequence[tuple[str, str]] = (
    *_PLACE,
    *((name, "text") for name in ("kind", "channel", "component", "vat_class")),
    ("vat_rate", "int"),
    ("currency", "text"),
)
_BY_MINUTE: Sequence[tuple[str, str]] = (
    *_PLACE,
    ("minute_ms", "bigint"),
    *((name, "text") for name in ("channel", "kind", "currency")),
)


def _insert_ledger() -> TextClause:
    columns = ", ".join(name for name, _ in (*_LEDGER, *_PARTS))
    arrays = [f"CAST(:{name} AS {kind}[])" for name, kind in _LEDGER] + [
        f"CAST(:{name} AS text[])" for name, _ in _PARTS
    ]
    values = [f"e.{name}" for name, _ in _LEDGER] + [f"CAST(e.{name} AS {kind})" for name, kind in _PARTS]
    return text(
        f"""INSERT INTO sales_ledger (generation, {columns})
            SELECT CAST(:generation AS bigint), {", ".join(values)}
            FROM unnest({", ".join(arrays)}) AS e ({columns})"""  # noqa: S608 (fixed parts)
    )


def _add(table: str, key: Sequence[tuple[str, str]], figures: Sequence[str], latest: str = "") -> TextClause:
    """Adds to the rows that are there, in one order, so that two writers wait instead of deadlocking."""
    names = [name for name, _ in key]
    columns = [*names, *figures, *([latest] if latest else [])]
    arrays = [f"CAST(:{name} AS {kind}[])" for name, kind in key]
    arrays += [f"CAST(:{name} AS bigint[])" for name in columns[len(names) :]]
    grows = [f"{name} = s.{name} + excluded.{name}" for name in figures]
    grows += [f"{latest} = greatest(s.{latest}, excluded.{latest})"] if latest else []
    return text(
        f"""INSERT INTO {table} AS s (generation, {", ".join(columns)})
            SELECT CAST(:generation AS bigint), e.* FROM unnest({", ".join(arrays)}) AS e ({", ".join(columns)})
            ORDER BY {", ".join(f"e.{name}" for name in names)}
            ON CONFLICT (generation, {", ".join(names)}) DO UPDATE SET {", ".join(grows)}"""  # noqa: S608 (fixed parts)
    )


_INTO_LEDGER = _insert_ledger()
_INTO_SUMS = _add("sales_sums", _SUMS, _FIGURES, "last_at_ms")
_INTO_PARTS = _add("sales_parts", _BY_PART, _MONEY)
_INTO_MINUTES = _add("sales_minutes", _BY_MINUTE, _FIGURES)


async def write_movements(
    connection: AsyncConnection, generation: int, moved: Sequence[Moved], fates: Mapping[tuple[str, str], str]
) -> None:
    """The ledger's rows, and what they add. `fates`: customers that are no more."""
    arrays: dict[tuple[Part, ...], tuple[str, ...]] = {}
    ledger = [_ledger_row(one, fates, arrays) for one in moved]
    sums: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 7)
    minutes: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 6)
    alike: Counter[tuple[Any, ...]] = Counter()
    for (house_id, performance_id, _), sale, moves in moved:
        sold, channel, currency = moves.sold, sale.channel.value, sale.currency
        figures = _figures(moves)
        seller = (sold.discount_id, sold.office_id, sale.seller_kind, sale.seller, currency)
        of_sums = sums[house_id, performance_id, sold.category, sold.kind, sold.ticket_type, channel, *seller]
        minute_ms = moves.at_ms - moves.at_ms % MINUTE_MS
        of_minute = minutes[house_id, performance_id, minute_ms, channel, sold.kind, currency]
        for place, figure in enumerate(figures):
            of_sums[place] += figure
            of_minute[place] += figure
        of_sums[6] = max(of_sums[6], moves.at_ms)
        alike[house_id, performance_id, sold.kind, channel, currency, moves.tickets > 0, moves.parts] += 1
    names = [name for name, _ in (*_LEDGER, *_PARTS)]
    await connection.execute(_INTO_LEDGER, _columns(generation, names, ledger))
    for statement, key, names_of, rows in (
        (_INTO_SUMS, _SUMS, (*_FIGURES, "last_at_ms"), sums),
        (_INTO_PARTS, _BY_PART, _MONEY, _by_part(alike)),
        (_INTO_MINUTES, _BY_MINUTE, _FIGURES, minutes),
    ):
        columns = [name for name, _ in key] + list(names_of)
        added = [(*place, *figures) for place, figures in rows.items()]
        await connection.execute(statement, _columns(generation, columns, added))


def _by_part(alike: Mapping[tuple[Any, ...], int]) -> Mapping[tuple[Any, ...], list[int]]:
    """Prices repeat: what is alike is counted before it is taken apart."""
    parts: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 3)
    for (house_id, performance_id, kind, channel, currency, is_sale, made_of), count in alike.items():
        for component, vat_class, rate, amount_minor, vat_minor in made_of:
            of_part = parts[house_id, performance_id, kind, channel, component, vat_class, rate, currency]
            if is_sale:
                of_part[0] += count * amount_minor
            else:
                of_part[1] -= count * amount_minor
            of_part[2] += count * vat_minor
    return parts


def _columns(generation: int, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return {"generation": generation, **dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))}


def _figures(moves: LineMovement) -> tuple[int, ...]:
    """As Sums has them: what was sold and what came back apart, tax and discounts of what is left."""
    if moves.tickets > 0:
        return moves.tickets, 0, moves.amount_minor, 0, moves.vat_minor, moves.discount_minor
    return 0, -moves.tickets, 0, -moves.amount_minor, moves.vat_minor, moves.discount_minor


def _ledger_row(
    one: Moved, fates: Mapping[tuple[str, str], str], arrays: dict[tuple[Part, ...], tuple[str, ...]]
) -> tuple[Any, ...]:
    (house_id, performance_id, order_id), sale, moves = one
    sold, parts = moves.sold, moves.parts
    if parts not in arrays:
        arrays[parts] = _arrays(parts)
    return (
        house_id,
        performance_id,
        order_id,
        moves.number,
        moves.line,
        sold.seat_id,
        moves.tickets,
        sold.category,
        sold.kind,
        sold.ticket_type,
        sale.channel.value,
        sale.currency,
        moves.amount_minor,
        moves.vat_minor,
        moves.discount_minor,
        sold.discount_id,
        sold.office_id,
        sale.seller_kind,
        sale.seller,
        fates.get((house_id, sale.customer_id), sale.customer_id),
        moves.at_ms,
        *arrays[parts],
    )


def _arrays(parts: Sequence[Part]) -> tuple[str, ...]:
    """One for each field of a part."""
    return tuple(_array(map(str, field)) for field in zip(*parts, strict=True))


def _array(elements: Iterable[str]) -> str:
    """As PostgreSQL writes an array: every element quoted, so that no name can break out of it."""
    quoted = ('"' + element.replace("\\", "\\\\").replace('"', '\\"') + '"' for element in elements)
    return "{" + ",".join(quoted) + "}"
