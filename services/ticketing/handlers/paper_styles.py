"""How a house's paper looks: kept and changed, with everything checked that would fail at the printer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from services.contracts.acts import Act
from services.contracts.changes import EtagStale, etag_of, masked, refused_change, refused_etag
from services.contracts.texts import refused_lines, refused_text
from services.paper.house_style import refused_color
from services.paper.logo import MAX_LOGO_BYTES, LogoFault
from services.paper.typeface import not_printable
from services.runtime.errors import FieldInvalid, Refusal
from services.ticketing.domain.paper_style import KeptStyle, PaperStyle
from services.ticketing.paper.shipped_stocks import SHIPPED, shipped_stock
from services.ticketing.paper.stock import Stock
from services.ticketing.paper.stock_parser import parsed_stock
from services.ticketing.ports.paper import LogoSheet, Paper
from services.ticketing.ports.store import TicketingStore

MAX_ADDRESS_LINES: Final = 6
MAX_ADDRESS_CHARS: Final = 100
MAX_CONDITIONS_CHARS: Final = 1_000
MAX_STOCKS: Final = 10
_CHANGEABLE: Final = frozenset(field.name for field in dataclasses.fields(PaperStyle))
_THING: Final = "paper_style"


@dataclass(frozen=True, slots=True)
class StyleChange:
    """What an update asks for: new values, which of them count, and what the caller has seen."""

    style: PaperStyle
    named: Sequence[str]
    etag: str


class PaperStyleHandler:
    """A house has one style. Documents that exist are not touched."""

    def __init__(self, store: TicketingStore, paper: Paper) -> None:
        self._store = store
        self._paper = paper

    async def get(self, house_id: str) -> KeptStyle:
        """Of a house that has said nothing in revision 0."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.paper_styles.get()

    async def update(self, house_id: str, change: StyleChange) -> KeptStyle | Refusal:
        """The change has passed `refused_style_change`. Refusals: FieldInvalid, EtagStale. Raises PaperFailed."""
        if refusal := await self._refused_logo(change.style.logo):
            return refusal
        async with self._store.transaction(house_id) as transaction:
            kept = await transaction.paper_styles.get()
            style = masked(kept.style, change.style, change.named)
            if style == kept.style:
                return kept
            if stale := refused_etag(_THING, change.etag, kept.revision):
                return stale
            if not await transaction.paper_styles.save(KeptStyle(style, kept.revision)):
                return EtagStale(_THING, etag_of((await transaction.paper_styles.get()).revision))
            facts = {"fields": ",".join(sorted(set(change.named)))}
            transaction.record_act(Act("paper_style.changed", "house", house_id, facts=facts))
            await transaction.commit()
            return KeptStyle(style, kept.revision + 1)

    async def _refused_logo(self, content: bytes) -> FieldInvalid | None:
        """Decoded where documents are drawn: a picture that breaks its decoder breaks nothing else (0015)."""
        field = f"{_THING}.logo"
        if not content:
            return None
        async with self._paper.drawn(self._paper.written(LogoSheet(content))) as answer:
            fault = msgspec.json.decode(answer.read(), type=LogoFault)
        return FieldInvalid(field, fault.problem, fault.limit) if fault.problem else None


def refused_style_change(change: StyleChange) -> Iterator[FieldInvalid | None]:
    """All that is wrong with a change but for what only the logo's decoder finds."""
    yield refused_change(change.etag, change.named, _CHANGEABLE)
    yield from _refused_style(change.style)


def stock_of(style: PaperStyle, name: str) -> Stock | FieldInvalid:
    """The house's own stock of that name, or one that comes with Balcon."""
    own = {stock.name: stock for stock in map(_kept_stock, style.stocks)}
    if stock := own.get(name) or shipped_stock(name):
        return stock
    return FieldInvalid("stock", f"{name[:32]!r} is no stock", ", ".join((*SHIPPED, *own)))


def _kept_stock(source: str) -> Stock:
    stock = parsed_stock("stock", source.encode())
    assert isinstance(stock, Stock), "stocks are checked before they are kept"
    return stock


def _refused_style(style: PaperStyle) -> Iterator[FieldInvalid | None]:
    for name, color in (("primary_color", style.primary_color), ("accent_color", style.accent_color)):
        if color:
            yield refused_color(f"{_THING}.{name}", color)
    lines = style.address_lines
    if len(lines) > MAX_ADDRESS_LINES:
        yield FieldInvalid(f"{_THING}.address_lines", f"has {len(lines):,} lines", f"at most {MAX_ADDRESS_LINES}")
    for index, line in enumerate(lines[:MAX_ADDRESS_LINES]):
        field = f"{_THING}.address_lines[{index}]"
        yield refused_text(field, line, at_most=MAX_ADDRESS_CHARS) or _refused_letters(field, line)
    field = f"{_THING}.conditions"
    yield refused_lines(field, style.conditions, at_most=MAX_CONDITIONS_CHARS) or _refused_letters(
        field, style.conditions
    )
    if len(style.logo) > MAX_LOGO_BYTES:
        yield FieldInvalid(f"{_THING}.logo", f"has {len(style.logo):,} bytes", f"at most {MAX_LOGO_BYTES:,} bytes")
    yield from _refused_stocks(style.stocks)


def _refused_letters(field: str, text: str) -> FieldInvalid | None:
    if not (lacking := not_printable(text)):
        return None
    return FieldInvalid(field, f"has {lacking[:20]}, which paper cannot show", "Latin, Greek and Cyrillic")


def _refused_stocks(stocks: Sequence[str]) -> Iterator[FieldInvalid | None]:
    field = f"{_THING}.stocks"
    if len(stocks) > MAX_STOCKS:
        yield FieldInvalid(field, f"has {len(stocks):,} stocks", f"at most {MAX_STOCKS}")
    taken = set(SHIPPED)
    for index, source in enumerate(stocks[:MAX_STOCKS]):
        stock = parsed_stock(f"{field}[{index}]", source.encode())
        if isinstance(stock, FieldInvalid):
            yield stock
        elif stock.name in taken:
            yield FieldInvalid(f"{field}[{index}].name", f"{stock.name!r} is taken", "a name of its own")
        else:
            taken.add(stock.name)
