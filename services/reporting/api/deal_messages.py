"""Deals on the wire: what is wrong with one, and both ways between message and domain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from balcon.reporting.v1 import settlements_pb2 as pb
from balcon.types.v1.money_pb2 import Money

from services.contracts.bounds import MAX_NAME_CHARS, MAX_PRICE_MINOR
from services.contracts.changes import etag_of
from services.contracts.money import refused_currency
from services.contracts.prices import WHOLE_BASIS_POINTS
from services.contracts.texts import as_lines, refused_lines, refused_text
from services.contracts.wire_types import wire_instant, wire_money, wire_principal
from services.reporting.domain.deal import (
    MAX_DEDUCTIONS,
    MAX_TIERS,
    Basis,
    Deal,
    Deduction,
    DeductionKind,
    Partage,
    Payee,
    Tier,
    faults_of,
)
from services.reporting.domain.settlement_document import KeptDeal
from services.reporting.ports.deals import DealKey, DealThing
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.principal import PrincipalKind, PrincipalRef

_MAX_DEDUCTION_NAME = 100
_MAX_NOTE = 2_000
# A sum of many prices, far within the 64 bits of a stored integer.
_MAX_AMOUNT: Final = MAX_PRICE_MINOR * 10
_BASES: Final[Mapping[pb.RevenueBasis.ValueType, Basis]] = {
    pb.REVENUE_BASIS_NET: Basis(with_surcharge=True, net_of_vat=True),
    pb.REVENUE_BASIS_NET_WITHOUT_SURCHARGE: Basis(with_surcharge=False, net_of_vat=True),
    pb.REVENUE_BASIS_GROSS: Basis(with_surcharge=True, net_of_vat=False),
    pb.REVENUE_BASIS_GROSS_WITHOUT_SURCHARGE: Basis(with_surcharge=False, net_of_vat=False),
}
_WIRE_BASES: Final = {basis: wire for wire, basis in _BASES.items()}
_KINDS: Final = {pb.DealDeductionKind.Value(f"DEAL_DEDUCTION_KIND_{kind.name}"): kind for kind in DeductionKind}
_WIRE_KINDS: Final = {kind: wire for wire, kind in _KINDS.items()}
_PAYEES: Final = {pb.DealPayee.Value(f"DEAL_PAYEE_{payee.name}"): payee for payee in Payee}
WIRE_PAYEES: Final = {payee: wire for wire, payee in _PAYEES.items()}
_THINGS: Final = {pb.DealScope.Value(f"DEAL_SCOPE_{thing.name}"): thing for thing in DealThing}
_WIRE_THINGS: Final = {thing: wire for wire, thing in _THINGS.items()}


def refused_scope(field: str, scope: pb.DealScope.ValueType) -> FieldInvalid | None:
    """The refusal for what no deal is for, else None."""
    return _refused_choice(field, scope, _THINGS, "PRODUCTION or PERFORMANCE")


def deal_key_of(scope: pb.DealScope.ValueType, scope_id: str) -> DealKey:
    """What a deal is for, where nothing of it is refused."""
    return DealKey(_THINGS[scope], scope_id)


def refused_deal(message: pb.Deal) -> Iterator[FieldInvalid | None]:
    """All that is wrong with a deal: each field first, and, where they are good, the deal as a whole."""
    found = [one for one in _refused_fields(message) if one is not None]
    yield from found
    if not found:
        for fault in faults_of(deal_of(message)):
            yield FieldInvalid(f"deal.{fault.field}", fault.problem, fault.limit)


def deal_of(message: pb.Deal) -> Deal:
    """The deal of a message whose fields are not refused."""
    basis = _BASES[message.basis]
    currencies = [money.currency for _, money in _amounts(message)]
    return Deal(
        producer=message.producer,
        basis=basis,
        deductions=(
            *(
                Deduction(
                    _KINDS[one.kind],
                    one.name,
                    _PAYEES[one.payee],
                    one.basis_points,
                    0,
                    _BASES.get(one.basis, basis),
                )
                for one in message.percentages
            ),
            *(
                Deduction(_KINDS[one.kind], one.name, _PAYEES[one.payee], 0, one.amount.amount_minor, basis)
                for one in message.amounts
            ),
        ),
        partage=Partage(
            tuple(Tier(one.above.amount_minor, one.producer_basis_points) for one in message.partage.tiers),
            message.partage.guarantee.amount_minor,
        ),
        buy_out_minor=message.buy_out.amount_minor,
        invoice_vat_basis_points=message.invoice_vat_basis_points,
        note=as_lines(message.note),
        currency=currencies[0] if currencies else "",
    )


def deal_message(kept: KeptDeal) -> pb.Deal:
    """The deal as the API has it."""
    deal = kept.deal
    thing = DealThing.PERFORMANCE if kept.performance_id else DealThing.PRODUCTION

    def money(amount_minor: int) -> Money:
        return wire_money(amount_minor, deal.currency)

    message = pb.Deal(
        scope=_WIRE_THINGS[thing],
        scope_id=kept.performance_id or kept.production_id,
        producer=deal.producer,
        basis=_WIRE_BASES[deal.basis],
        percentages=[_percentage(one) for one in deal.deductions if one.basis_points],
        amounts=[
            pb.DealAmount(
                kind=_WIRE_KINDS[one.kind],
                name=one.name,
                payee=WIRE_PAYEES[one.payee],
                amount=money(one.amount_minor),
            )
            for one in deal.deductions
            if not one.basis_points
        ],
        invoice_vat_basis_points=deal.invoice_vat_basis_points,
        note=deal.note,
        deal_version=kept.version,
        etag=etag_of(kept.version),
        set_at=wire_instant(kept.set_at_ms),
    )
    if kept.set_by_kind:
        message.set_by.CopyFrom(wire_principal(PrincipalRef(PrincipalKind(kept.set_by_kind), kept.set_by)))
    if deal.buy_out_minor:
        message.buy_out.CopyFrom(money(deal.buy_out_minor))
    elif deal.partage != Partage():
        for tier in deal.partage.tiers:
            above = money(tier.from_minor) if tier.from_minor else None
            message.partage.tiers.add(above=above, producer_basis_points=tier.producer_basis_points)
        if deal.partage.guarantee_minor:
            message.partage.guarantee.CopyFrom(money(deal.partage.guarantee_minor))
    return message


def _percentage(one: Deduction) -> pb.DealPercentage:
    return pb.DealPercentage(
        kind=_WIRE_KINDS[one.kind],
        name=one.name,
        payee=WIRE_PAYEES[one.payee],
        basis_points=one.basis_points,
        basis=_WIRE_BASES[one.basis],
    )


def _refused_fields(message: pb.Deal) -> Iterator[FieldInvalid | None]:
    yield refused_scope("deal.scope", message.scope)
    yield refused_key("deal.scope_id", message.scope_id)
    yield refused_text("deal.producer", message.producer, at_most=MAX_NAME_CHARS)
    yield _refused_choice("deal.basis", message.basis, _BASES, "a basis of revenue")
    for name, given in (("percentages", message.percentages), ("amounts", message.amounts)):
        if len(given) > MAX_DEDUCTIONS:
            yield FieldInvalid(f"deal.{name}", f"has {len(given):,}", f"at most {MAX_DEDUCTIONS}")
    for place, one in enumerate(message.percentages[:MAX_DEDUCTIONS]):
        yield from _refused_deduction(f"deal.percentages[{place}]", one)
        field = f"deal.percentages[{place}].basis_points"
        yield _refused_points(field, one.basis_points, at_least=1)
        if one.basis:
            yield _refused_choice(f"deal.percentages[{place}].basis", one.basis, _BASES, "a basis of revenue")
    for place, fixed in enumerate(message.amounts[:MAX_DEDUCTIONS]):
        yield from _refused_deduction(f"deal.amounts[{place}]", fixed)
        if not fixed.HasField("amount"):
            yield FieldInvalid(f"deal.amounts[{place}].amount", UNSET, "an amount")
    if len(message.partage.tiers) > MAX_TIERS:
        yield FieldInvalid("deal.partage.tiers", f"has {len(message.partage.tiers):,}", f"at most {MAX_TIERS}")
    for place, tier in enumerate(message.partage.tiers[:MAX_TIERS]):
        yield _refused_points(f"deal.partage.tiers[{place}].producer_basis_points", tier.producer_basis_points)
    yield _refused_points("deal.invoice_vat_basis_points", message.invoice_vat_basis_points)
    yield refused_lines("deal.note", message.note, at_most=_MAX_NOTE)
    yield from _refused_money(message)


def _refused_deduction(field: str, one: pb.DealPercentage | pb.DealAmount) -> Iterator[FieldInvalid | None]:
    yield _refused_choice(f"{field}.kind", one.kind, _KINDS, "ROYALTY, LEVY or COST")
    yield refused_text(f"{field}.name", one.name, at_most=_MAX_DEDUCTION_NAME)
    yield _refused_choice(f"{field}.payee", one.payee, _PAYEES, "HOUSE, PRODUCER or OTHER")


def _amounts(message: pb.Deal) -> Iterator[tuple[str, Money]]:
    for place, fixed in enumerate(message.amounts[:MAX_DEDUCTIONS]):
        if fixed.HasField("amount"):
            yield f"deal.amounts[{place}].amount", fixed.amount
    for place, tier in enumerate(message.partage.tiers[:MAX_TIERS]):
        if tier.HasField("above"):
            yield f"deal.partage.tiers[{place}].above", tier.above
    if message.partage.HasField("guarantee"):
        yield "deal.partage.guarantee", message.partage.guarantee
    if message.HasField("buy_out"):
        yield "deal.buy_out", message.buy_out


def _refused_money(message: pb.Deal) -> Iterator[FieldInvalid | None]:
    first = ""
    for field, money in _amounts(message):
        wrong = refused_currency(f"{field}.currency", money.currency)
        yield wrong
        if not 0 <= money.amount_minor <= _MAX_AMOUNT:
            limit = f"0 to {_MAX_AMOUNT:,} minor units"
            yield FieldInvalid(f"{field}.amount_minor", f"is {money.amount_minor:,}", limit)
        if wrong is None:
            first = first or money.currency
            if money.currency != first:
                yield FieldInvalid(f"{field}.currency", f"is {money.currency}", f"{first}, as the deal's other amounts")


def _refused_points(field: str, points: int, *, at_least: int = 0) -> FieldInvalid | None:
    if at_least <= points <= WHOLE_BASIS_POINTS:
        return None
    problem = f"is {points:,}" if points else UNSET
    return FieldInvalid(field, problem, f"{at_least} to {WHOLE_BASIS_POINTS:,} basis points")


def _refused_choice(field: str, given: int, known: Collection[int], limit: str) -> FieldInvalid | None:
    if given in known:
        return None
    return FieldInvalid(field, f"{given} is none of them" if given else UNSET, limit)
