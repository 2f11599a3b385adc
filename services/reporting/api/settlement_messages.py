"""Settlements on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from balcon.reporting.v1 import settlements_pb2 as pb
from balcon.types.v1.money_pb2 import Money

from services.contracts.wire_types import wire_instant, wire_money, wire_principal
from services.reporting.api.deal_messages import WIRE_PAYEES, deal_message
from services.reporting.domain.settlement import Line, Settlement
from services.reporting.domain.settlement_changes import COUNTS, Difference
from services.reporting.domain.settlement_document import SettlementDocument, SettlementKind, SignedSettlement
from services.reporting.domain.settlement_obstacles import Obstacle
from services.reporting.domain.settlement_sales import Amount, OfficeCount, Seller, SoldLine
from services.reporting.handlers.settlement_papers import SettlementFile
from services.reporting.handlers.settlements import ListedSettlement, Preview
from services.runtime.principal import PrincipalKind, PrincipalRef

_KINDS: Final = {
    SettlementKind.PROVISIONAL: pb.SETTLEMENT_KIND_PROVISIONAL,
    SettlementKind.FINAL: pb.SETTLEMENT_KIND_FINAL,
    SettlementKind.CORRECTION: pb.SETTLEMENT_KIND_CORRECTION,
}
_SELLERS: Final = {Seller.HOUSE: pb.SETTLEMENT_SELLER_HOUSE, Seller.OFFICE: pb.SETTLEMENT_SELLER_OFFICE}


def preview_message(preview: Preview) -> pb.Settlement:
    """A provisional one."""
    message = _document_message(preview.document)
    message.obstacles.extend(_obstacle_message(one) for one in preview.obstacles)
    return message


def settlement_message(signed: SignedSettlement) -> pb.Settlement:
    """A final one."""
    message = _document_message(signed.document)
    message.sha256, message.key_id = signed.sha256, signed.key_id
    return message


def summary_message(listed: ListedSettlement) -> pb.SettlementSummary:
    """One in a list."""
    row = listed.row
    return pb.SettlementSummary(
        house_id=row.house_id,
        settlement_id=row.settlement_id,
        kind=pb.SETTLEMENT_KIND_CORRECTION if row.corrects_number else pb.SETTLEMENT_KIND_FINAL,
        number=row.number,
        performance_id=row.performance_id,
        production_id=row.production_id,
        title=row.title,
        starts_at=wire_instant(row.starts_at_ms),
        gross=wire_money(row.gross_minor, row.currency),
        producer=wire_money(row.producer_minor, row.currency),
        house=wire_money(row.house_minor, row.currency),
        corrects_number=row.corrects_number,
        corrected_by_number=row.corrected_by,
        has_changed=listed.has_changed,
        finalised_at=wire_instant(row.finalised_at_ms),
    )


def file_message(made: SettlementFile) -> pb.SettlementFile:
    """What a download begins with."""
    return pb.SettlementFile(file_name=made.name, content_type=made.content_type, size_bytes=len(made.content))


class _Moneys:
    """Amounts of one currency."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def __call__(self, amount_minor: int) -> Money:
        return wire_money(amount_minor, self._currency)


def _document_message(document: SettlementDocument) -> pb.Settlement:
    head, sales, money = document.head, document.sales, _Moneys(document.sales.currency)
    message = pb.Settlement(
        house_id=head.house_id,
        settlement_id=document.settlement_id,
        kind=_KINDS[document.kind],
        number=document.number,
        performance_id=head.performance_id,
        production_id=head.production_id,
        title=head.title,
        starts_at=wire_instant(head.starts_at_ms),
        sold=[_tickets_message(line, money) for line in sales.lines],
        amounts=_amount_messages(sales.amounts, money),
        allotments=[_allotment_message(one) for one in sales.offices],
        tickets=sales.tickets,
        comps=sales.comps,
        tickets_back=sales.tickets_back,
        back=money(sales.back_minor),
        differences=[_difference_message(one, money) for one in document.differences],
    )
    if document.deal is not None:
        message.deal.CopyFrom(deal_message(document.deal))
    if document.settlement is not None:
        _tell_settlement(message, document.settlement, money)
    if document.corrects is not None:
        message.corrects_settlement_id = document.corrects.settlement_id
        message.corrects_number, message.reason = document.corrects.number, document.corrects.reason
    if document.number:
        message.finalised_at.CopyFrom(wire_instant(document.finalised_at_ms))
    if document.finalised_by_kind:
        who = PrincipalRef(PrincipalKind(document.finalised_by_kind), document.finalised_by)
        message.finalised_by.CopyFrom(wire_principal(who))
    return message


def _tell_settlement(message: pb.Settlement, settled: Settlement, money: _Moneys) -> None:
    message.lines.extend(_line_message(line, money) for line in settled.lines)
    for name, amount_minor in (
        ("gross", settled.gross_minor),
        ("vat", settled.vat_minor),
        ("producer", settled.producer_minor),
        ("house", settled.house_minor),
        ("others", settled.others_minor),
        ("invoice_net", settled.invoice.net_minor),
        ("invoice_vat", settled.invoice.vat_minor),
    ):
        getattr(message, name).CopyFrom(money(amount_minor))


def _line_message(line: Line, money: _Moneys) -> pb.SettlementLine:
    return pb.SettlementLine(
        kind=line.kind.value,
        name=line.name,
        amount=money(line.amount_minor),
        of=money(line.of_minor) if line.basis_points or line.of_minor else None,
        basis_points=line.basis_points,
        payee=pb.DEAL_PAYEE_UNSPECIFIED if line.payee is None else WIRE_PAYEES[line.payee],
    )


def _tickets_message(line: SoldLine, money: _Moneys) -> pb.SettlementTickets:
    return pb.SettlementTickets(
        seller=_SELLERS[line.seller],
        category=line.category,
        kind=line.kind,
        ticket_type=line.ticket_type,
        discount_id=line.discount_id,
        office_id=line.office_id,
        tickets=line.tickets,
        gross=money(line.gross_minor),
        amounts=_amount_messages(line.amounts, money),
    )


def _amount_messages(amounts: Sequence[Amount], money: _Moneys) -> list[pb.SettlementAmount]:
    return [
        pb.SettlementAmount(
            component=one.component.value,
            vat_class=one.vat_class,
            vat_rate_basis_points=one.rate_basis_points,
            gross=money(one.gross_minor),
            vat=money(one.vat_minor),
        )
        for one in amounts
    ]


def _allotment_message(one: OfficeCount) -> pb.SettlementAllotment:
    return pb.SettlementAllotment(
        allotment_id=one.allotment_id,
        office_id=one.office_id,
        handed_out=one.handed_out,
        reported_sold=one.reported_sold,
        returned=one.returned,
        open=one.open,
    )


def _difference_message(one: Difference, money: _Moneys) -> pb.SettlementDifference:
    message = pb.SettlementDifference(kind=one.kind, name=one.name)
    if one.kind in COUNTS:
        message.count_before, message.count_after = one.before, one.after
        return message
    message.before.CopyFrom(money(one.before))
    message.after.CopyFrom(money(one.after))
    message.difference.CopyFrom(money(one.difference))
    return message


def _obstacle_message(one: Obstacle) -> pb.SettlementObstacle:
    message = pb.SettlementObstacle(
        kind=pb.SettlementObstacleKind.Value(f"SETTLEMENT_OBSTACLE_KIND_{one.kind.value}"),
        thing_id=one.thing_id,
        count=one.count,
        text=one.text,
    )
    if one.until_ms is not None:
        message.until_at.CopyFrom(wire_instant(one.until_ms))
    return message
