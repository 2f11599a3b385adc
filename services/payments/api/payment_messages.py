"""Payments as messages: what pays them, what goes back to which instrument. No code of a voucher is in any."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from balcon.payments.v1 import payments_service_pb2 as pb

from services.contracts.wire_types import wire_money
from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.payment import DisputeState, Payment, PaymentState
from services.payments.domain.refunds import Refund, RefundRoute, RefundState
from services.payments.handlers.payment_methods import PayingAccount, PayingState

_STATES = {
    PaymentState.CREATING: pb.PAYMENT_STATE_CREATING,
    PaymentState.PENDING: pb.PAYMENT_STATE_PENDING,
    PaymentState.AUTHORISED: pb.PAYMENT_STATE_PENDING,  # no money yet: how a provider takes it is our own business
    PaymentState.SUCCEEDED: pb.PAYMENT_STATE_SUCCEEDED,
    PaymentState.FAILED: pb.PAYMENT_STATE_FAILED,
    PaymentState.CANCELLED: pb.PAYMENT_STATE_CANCELLED,
}
_REFUND_STATES = {
    RefundState.NONE: pb.REFUND_STATE_UNSPECIFIED,
    RefundState.DUE: pb.REFUND_STATE_DUE,
    RefundState.STUCK: pb.REFUND_STATE_STUCK,
    RefundState.SUCCEEDED: pb.REFUND_STATE_SUCCEEDED,
}
_DISPUTE_STATES = {
    DisputeState.NONE: pb.DISPUTE_STATE_UNSPECIFIED,
    DisputeState.OPEN: pb.DISPUTE_STATE_OPEN,
    DisputeState.WON: pb.DISPUTE_STATE_WON,
    DisputeState.LOST: pb.DISPUTE_STATE_LOST,
}
_ROUTES = {
    RefundRoute.ORIGINAL: pb.REFUND_ROUTE_ORIGINAL,
    RefundRoute.VOUCHER: pb.REFUND_ROUTE_VOUCHER,
    RefundRoute.EXCHANGE: pb.REFUND_ROUTE_EXCHANGE,
}
ROUTES = {
    pb.REFUND_ROUTE_UNSPECIFIED: RefundRoute.ORIGINAL,
    pb.REFUND_ROUTE_ORIGINAL: RefundRoute.ORIGINAL,
    pb.REFUND_ROUTE_VOUCHER: RefundRoute.VOUCHER,
    pb.REFUND_ROUTE_EXCHANGE: RefundRoute.EXCHANGE,
}
_INSTRUMENTS = {
    InstrumentKind.PROVIDER: pb.INSTRUMENT_PROVIDER,
    InstrumentKind.VOUCHER: pb.INSTRUMENT_VOUCHER,
    InstrumentKind.GIFT_CARD: pb.INSTRUMENT_GIFT_CARD,
    InstrumentKind.EXCHANGE: pb.INSTRUMENT_EXCHANGE,
}


def payment_message(payment: Payment) -> pb.Payment:
    """The payment as callers see it."""
    is_disputed = payment.dispute_state is not DisputeState.NONE
    return pb.Payment(
        payment_id=payment.payment_id,
        house_id=payment.house_id,
        order_id=payment.order_id,
        performance_id=payment.performance_id,
        amount=wire_money(payment.amount_minor, payment.currency),
        state=_STATES[payment.state],
        pay_url=payment.pay_url,
        provider=payment.provider,
        provider_account_id=payment.provider_account_id,
        provider_ref=payment.provider_ref or "",
        refund_state=_REFUND_STATES[payment.refund_state],
        refunded=wire_money(payment.refunded_minor, payment.currency),
        dispute_state=_DISPUTE_STATES[payment.dispute_state],
        disputed=wire_money(payment.disputed_minor, payment.currency) if is_disputed else None,
        charges=charge_messages(payment),
        refunds=[refund_message(payment, refund) for refund in payment.refunds],
        reason=payment.reason,
        over_limit=pb.OverLimit(**asdict(payment.over_limit)) if payment.over_limit else None,
    )


def charge_messages(payment: Payment) -> Iterator[pb.Charge]:
    *of_vouchers, provider_left = payment.charges_left_minor
    for charge, left_minor in zip(payment.charges, of_vouchers, strict=True):
        yield charge_message(charge, payment.currency, charge.amount_minor - left_minor)
    if payment.provider_minor:
        yield pb.Charge(
            instrument=pb.INSTRUMENT_PROVIDER,
            amount=wire_money(payment.provider_minor, payment.currency),
            refunded=wire_money(payment.provider_minor - provider_left, payment.currency),
        )


def charge_message(charge: Charge, currency: str, refunded_minor: int) -> pb.Charge:
    """What a voucher pays, or another payment."""
    is_exchange = charge.instrument is InstrumentKind.EXCHANGE
    return pb.Charge(
        instrument=_INSTRUMENTS[charge.instrument],
        voucher_id="" if is_exchange else charge.voucher_id,
        payment_id=charge.voucher_id if is_exchange else "",
        code_tail=charge.tail,
        amount=wire_money(charge.amount_minor, currency),
        refunded=wire_money(refunded_minor, currency),
    )


def refund_message(payment: Payment, refund: Refund) -> pb.PaymentRefund:
    """One refund as callers see it."""
    return pb.PaymentRefund(
        idempotency_key=refund.key,
        amount=wire_money(refund.amount_minor, payment.currency),
        state=_REFUND_STATES[refund.state],
        route=_ROUTES[refund.route],
        shares=_shares(payment, refund),
        left=wire_money(refund.left_minor, payment.currency),
        refused_for=refund.refused_for,
        refusals=refund.refusals,
        due_at_ms=refund.due_at_ms,
        ended_at_ms=refund.ended_at_ms or 0,
        note=refund.note,
        reference=refund.reference,
        accepted_at_ms=refund.accepted_at_ms or 0,
    )


def _shares(payment: Payment, refund: Refund) -> Iterator[pb.RefundShare]:
    """A share whose voucher took nothing any more is told as the new voucher's."""
    kinds = {charge.voucher_id: charge.instrument for charge in payment.charges}
    money_minor = refund.provider_minor - refund.as_voucher_minor
    for share in refund.shares:
        money = wire_money(share.amount_minor, payment.currency)
        yield pb.RefundShare(
            instrument=_INSTRUMENTS[kinds.get(share.voucher_id, InstrumentKind.VOUCHER)],
            voucher_id="" if share.goes_to == payment.exchanged_from else share.goes_to,
            amount=money,
            done=money,
        )
    if refund.moved_to:
        moved = wire_money(refund.amount_minor, payment.currency)
        yield pb.RefundShare(instrument=pb.INSTRUMENT_EXCHANGE, amount=moved, done=moved)
    if money_minor:
        yield pb.RefundShare(
            instrument=pb.INSTRUMENT_PROVIDER,
            amount=wire_money(money_minor, payment.currency),
            done=wire_money(money_minor - refund.left_minor, payment.currency),
        )


_PAYING_STATES = {
    PayingState.OPEN: pb.PAYING_STATE_OPEN,
    PayingState.LOCKED: pb.PAYING_STATE_LOCKED,
    PayingState.SILENT: pb.PAYING_STATE_SILENT,
}


def paying_account_message(account: PayingAccount, currency: str) -> pb.PayingAccount:
    """Where a buyer may pay, and how."""
    return pb.PayingAccount(
        provider_account_id=account.account_id,
        provider=account.provider,
        name=account.name,
        is_default=account.is_default,
        state=_PAYING_STATES[account.state],
        methods=[
            pb.PaymentMethod(
                method=one.method,
                name=one.name,
                least=wire_money(one.least_minor, currency) if one.least_minor else None,
                most=wire_money(one.most_minor, currency) if one.most_minor else None,
            )
            for one in account.methods or ()
        ],
        methods_known=account.methods is not None,
    )
