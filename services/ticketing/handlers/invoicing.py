"""How a house invoices: kept and changed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.acts import Act
from services.contracts.changes import EtagStale, etag_of, masked, refused_change, refused_etag
from services.contracts.texts import refused_lines, refused_text
from services.paper.typeface import not_printable
from services.runtime.errors import FieldInvalid, Refusal
from services.ticketing.domain.invoice import InvoiceBuyer
from services.ticketing.domain.invoicing import Invoicing, KeptInvoicing
from services.ticketing.ports.store import TicketingStore

MAX_NAME_CHARS: Final = 200
MAX_ADDRESS_LINES: Final = 6
MAX_ADDRESS_CHARS: Final = 100
MAX_VAT_NUMBER_CHARS: Final = 40
MAX_REGISTRATION_CHARS: Final = 100
MAX_NOTE_CHARS: Final = 500
MAX_SMALL_MINOR: Final = 10_000_000
_PREFIX: Final = re.compile("[A-Z0-9-]{0,10}")
_CHANGEABLE: Final = frozenset(field.name for field in dataclasses.fields(Invoicing))
_THING: Final = "invoicing"


@dataclass(frozen=True, slots=True)
class InvoicingChange:
    """What an update asks for: new values, which of them count, and what the caller has seen."""

    invoicing: Invoicing
    named: Sequence[str]
    etag: str


class InvoicingHandler:
    """Documents that exist are not touched."""

    def __init__(self, store: TicketingStore) -> None:
        self._store = store

    async def get(self, house_id: str) -> KeptInvoicing:
        """Of a house that has said nothing in revision 0."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.invoices.invoicing()

    async def update(self, house_id: str, change: InvoicingChange) -> KeptInvoicing | Refusal:
        """The change has passed `refused_invoicing_change`. Refusal: EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            kept = await transaction.invoices.invoicing()
            wanted = masked(kept.invoicing, change.invoicing, change.named)
            if wanted == kept.invoicing:
                return kept
            if stale := refused_etag(_THING, change.etag, kept.revision):
                return stale
            if not await transaction.invoices.save_invoicing(KeptInvoicing(wanted, kept.revision)):
                return EtagStale(_THING, etag_of((await transaction.invoices.invoicing()).revision))
            facts = {"fields": ",".join(sorted(set(change.named)))}
            transaction.record_act(Act("invoicing.changed", "house", house_id, facts=facts))
            await transaction.commit()
            return KeptInvoicing(wanted, kept.revision + 1)


def refused_invoicing_change(change: InvoicingChange) -> Iterator[FieldInvalid | None]:
    """All that is wrong with a change."""
    wanted = change.invoicing
    yield refused_change(change.etag, change.named, _CHANGEABLE)
    yield _refused_printed(f"{_THING}.legal_name", wanted.legal_name, MAX_NAME_CHARS)
    yield from _refused_address(f"{_THING}.address_lines", wanted.address_lines)
    yield _refused_printed(f"{_THING}.vat_number", wanted.vat_number, MAX_VAT_NUMBER_CHARS)
    yield _refused_printed(f"{_THING}.registration", wanted.registration, MAX_REGISTRATION_CHARS)
    if not _PREFIX.fullmatch(wanted.number_prefix):
        problem = f"is {wanted.number_prefix[:16]!r}"
        yield FieldInvalid(f"{_THING}.number_prefix", problem, "at most 10 characters of [A-Z0-9-]")
    if not 0 <= wanted.small_up_to_minor <= MAX_SMALL_MINOR:
        problem = f"is {wanted.small_up_to_minor:,}"
        yield FieldInvalid(f"{_THING}.small_up_to_minor", problem, f"0 to {MAX_SMALL_MINOR:,}")
    yield refused_lines(f"{_THING}.note", wanted.note, at_most=MAX_NOTE_CHARS) or _refused_letters(
        f"{_THING}.note", wanted.note
    )


def refused_buyer(buyer: InvoiceBuyer) -> Iterator[FieldInvalid | None]:
    """All that is wrong with who an invoice is to be made out to."""
    yield _refused_printed("buyer.name", buyer.name, MAX_NAME_CHARS, at_least=1)
    yield from _refused_address("buyer.address_lines", buyer.address_lines)
    yield _refused_printed("buyer.vat_number", buyer.vat_number, MAX_VAT_NUMBER_CHARS)


def _refused_address(field: str, lines: Sequence[str]) -> Iterator[FieldInvalid | None]:
    if len(lines) > MAX_ADDRESS_LINES:
        yield FieldInvalid(field, f"has {len(lines):,} lines", f"at most {MAX_ADDRESS_LINES}")
    for index, line in enumerate(lines[:MAX_ADDRESS_LINES]):
        yield _refused_printed(f"{field}[{index}]", line, MAX_ADDRESS_CHARS, at_least=1)


def _refused_printed(field: str, text: str, at_most: int, *, at_least: int = 0) -> FieldInvalid | None:
    return refused_text(field, text, at_least=at_least, at_most=at_most) or _refused_letters(field, text)


def _refused_letters(field: str, text: str) -> FieldInvalid | None:
    if not (lacking := not_printable(text)):
        return None
    return FieldInvalid(field, f"has {lacking[:20]}, which paper cannot show", "Latin, Greek and Cyrillic")
