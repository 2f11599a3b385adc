"""The state machines of payments beside the payment itself: refunds and people's part in them, charges, vouchers,
accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from services.payments.domain.charges import Charge, InstrumentKind
from services.payments.domain.payment import (
    Change,
    Payment,
    PaymentCancelled,
    PaymentFailed,
    PaymentSucceeded,
    apply,
)
from services.payments.domain.provider_account import (
    AccountState,
    Choice,
    ProviderAccount,
    ProviderKind,
    archived,
    locked,
    unlocked,
)
from services.payments.domain.refund_transitions import (
    MAX_REFUND_REFUSALS,
    RefundAnswer,
    Settlement,
    SettlementWanted,
    back_at_provider,
    refund_answered,
    refund_asked,
    settled_by_people,
)
from services.payments.domain.refunds import Refund, RefundReport, RefundState, RefundWanted
from services.payments.domain.voucher import EntryKind, Voucher, charged, entries_of, refused_use
from services.runtime.errors import Refusal
from tests.unit.payments.builders import NOW_MS, payment, refunding
from tools.diagrams import START, Edge, Machine

_KEY = "ref_1"
_YEAR_MS = 365 * 86_400_000


def payment_refund_machine() -> Machine:
    """Every standing of a refund, also the one before people are called, against all that may happen to it."""
    edges = {Edge(START, RefundState.DUE.value, "RefundPayment")}
    for state in (RefundState.DUE, RefundState.STUCK, RefundState.SUCCEEDED):
        for start in (refunding(state), _refused_often(state)):
            for label, changes in _told_refund(start):
                after = _refund(_after(start, changes))
                edges.add(Edge(state.value, after.state.value, label))
    words = (
        "One refund of a payment. It is owed until the provider, or a hand, has given all of it; what the provider\n"
        f"refuses {MAX_REFUND_REFUSALS} times is STUCK, and that is a refund task for the people of the house: BY_HAND"
        ", VOUCHER\nor ASK_AGAIN. Pending and silent change nothing."
    )
    return Machine("Refund of a payment, and its task", words, sorted(edges))


def _refused_often(state: RefundState) -> Payment:
    start = refunding(state)
    refund = replace(_refund(start), refusals=MAX_REFUND_REFUSALS - 1)
    return replace(start, refunds=(refund,))


def _refund(of: Payment) -> Refund:
    found = of.refund_under(_KEY)
    assert found is not None
    return found


def _told_refund(start: Payment) -> Iterator[tuple[str, Iterable[Change]]]:
    for report in RefundReport:
        answer = RefundAnswer(_KEY, _refund(start).attempt, start.amount_minor, report)
        yield f"provider says {report.value}", refund_answered(start, answer, NOW_MS) or ()
    yield "provider tells the sum", back_at_provider(start, start.amount_minor, NOW_MS)
    for settlement in Settlement:
        wanted = SettlementWanted(_KEY, settlement, "by people", voucher_id="vch_9")
        yield settlement.value, _granted(settled_by_people(start, wanted, NOW_MS))
    again = RefundWanted("ref_2")
    if _refund(start).state is RefundState.STUCK:
        yield "RefundPayment again", _granted(refund_asked(start, again, NOW_MS))


def _granted(found: tuple[Change, ...] | Refusal) -> tuple[Change, ...]:
    return () if isinstance(found, Refusal) else found


def _after(start: Payment, changes: Iterable[Change]) -> Payment:
    for change in changes:
        start = apply(start, change)
    return start


_ENDS: tuple[Change, ...] = (
    PaymentSucceeded("sbx_1", NOW_MS, late=False),
    PaymentFailed("card_declined", NOW_MS),
    PaymentCancelled(NOW_MS),
)


def charge_machine() -> Machine:
    """What the ledger says of a voucher's part in a payment, as changes of that payment write it."""
    voucher = _voucher()
    part = Charge(InstrumentKind.VOUCHER, voucher.voucher_id, "", 1_000)
    taken = charged(payment(charges=(part,)), {voucher.voucher_id: voucher}, NOW_MS)
    refused = charged(payment(charges=(part,)), {}, NOW_MS)
    assert not refused.entries, "nothing is taken where one cannot pay its part"
    edges = {Edge(START, entry.kind.value, "payment recorded") for entry in taken.entries}
    for end in _ENDS:
        for entry in entries_of(taken.payment, (end,), NOW_MS):
            edges.add(Edge(EntryKind.RESERVED.value, entry.kind.value, type(end).__name__))
    paid = _after(taken.payment, _ENDS[:1])
    for entry in entries_of(paid, _granted(refund_asked(paid, RefundWanted(_KEY), NOW_MS)), NOW_MS):
        edges.add(Edge(EntryKind.TAKEN.value, entry.kind.value, "RefundPayment"))
    words = (
        "What a voucher or gift card pays of a payment, as the ledger has it. It is given back only where no money\n"
        "came for certain; nothing is reserved where one of several cannot pay its part."
    )
    return Machine("Charge of a voucher", words, sorted(edges))


def _voucher() -> Voucher:
    return Voucher("vch_1", "house_1", InstrumentKind.VOUCHER, "EUR", 1_000, 1_000, "7QXW", created_at_ms=NOW_MS)


def voucher_machine() -> Machine:
    """Whether a voucher pays, in every standing, after each thing that may happen to one."""
    edges = {Edge(START, _standing(_dated(_voucher()), NOW_MS), "CreateVouchers, refund or order")}
    starts = [
        replace(_dated(_voucher()), balance_minor=minor, is_stopped=no) for minor in (1_000, 0) for no in (False, True)
    ]
    for start in starts:
        for at_ms in (NOW_MS, NOW_MS + _YEAR_MS):
            from_state = _standing(start, at_ms)
            for label, after in _moved(start, at_ms):
                edges.add(Edge(from_state, _standing(after, at_ms), label))
            edges.add(Edge(from_state, _standing(start, NOW_MS + _YEAR_MS), "valid_until passes"))
    words = (
        "Whether anything can be paid with a voucher or gift card. A stopped or expired one gets nothing back either:\n"
        "a refund makes a new one. Balances move by the ledger alone."
    )
    return Machine("Voucher and gift card", words, sorted(edges))


def _dated(voucher: Voucher) -> Voucher:
    return replace(voucher, valid_until_ms=NOW_MS + _YEAR_MS)


def _standing(voucher: Voucher, at_ms: int) -> str:
    refusal = refused_use(voucher, "code", "EUR", at_ms)
    return "PAYS" if refusal is None else type(refusal).__name__.removeprefix("Voucher").upper()


def _moved(voucher: Voucher, at_ms: int) -> Iterator[tuple[str, Voucher]]:
    yield "StopVoucher", replace(voucher, is_stopped=True)
    part = Charge(InstrumentKind.VOUCHER, voucher.voucher_id, "", 1_000)
    taken = charged(payment(charges=(part,)), {voucher.voucher_id: voucher}, at_ms)
    for entry in taken.entries:
        yield "reserved", replace(voucher, balance_minor=voucher.balance_minor + entry.amount_minor)
    if voucher.takes(at_ms) and not voucher.balance_minor:
        yield "released or returned", replace(voucher, balance_minor=1_000)


def account_machine() -> Machine:
    """Each state of an account against what may happen to one."""
    active = ProviderAccount(
        house_id="house_1",
        account_id="pac_1",
        provider=ProviderKind.MOLLIE,
        choice=Choice("Web shop"),
        is_test=True,
        tail="test_...dddd",
        has_webhook_secret=False,
        provider_ref="pfl_1",
        provider_name="Theatre",
        created_at_ms=NOW_MS,
        rotated_at_ms=NOW_MS,
    )
    edges = {Edge(START, AccountState.ACTIVE.value, "CreateProviderAccount")}
    for state in AccountState:
        start = replace(active, state=state)
        told = {
            "key refused": locked(start, "401", NOW_MS),
            "key taken": unlocked(start),
            "ArchiveProviderAccount": archived(start, NOW_MS),
        }
        edges |= {Edge(state.value, after.state.value, label) for label, after in told.items()}
    words = (
        "A house's account with a provider. Locked, nothing but its key's check is asked; archived, it takes no more\n"
        "payments and ends what it began."
    )
    return Machine("Provider account", words, sorted(edges))
