"""What happens to payments at the sandbox: created, paid, cancelled, refunded, disputed, late. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

import msgspec

from services.payments.sandbox.cards import ERRORS_AFTER_PAYING, Behaviour, TestCard, fingerprint_of
from services.payments.sandbox.ledger import Ledger, PaymentRecord
from services.runtime.clock import Clock
from services.runtime.ids import Ids

_OLDER_EVENT_LATE_MS = 300
_DUE_AT_ONCE = 500

OPEN, AUTHORISED, SUCCEEDED = "open", "authorised", "succeeded"
FAILED, CANCELLED, EXPIRED = "failed", "cancelled", "expired"
MANUAL = "manual"
DISPUTE_OPEN, DISPUTE_LOST = "open", "lost"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked request for a payment."""

    amount_minor: int
    currency: str
    return_url: str
    expires_at_ms: int
    metadata: dict[str, str]
    capture: str = "automatic"


class Acquirer:
    """Every method is one step in one thread; call writing ones inside the ledger's transaction."""

    def __init__(
        self, ledger: Ledger, *, clock: Clock, ids: Ids, pay_late_seconds: float, stall_seconds: float, webhooks: bool
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._late_ms = int(pay_late_seconds * 1000)
        self._stall_ms = int(stall_seconds * 1000)
        self._webhooks = webhooks

    def create(self, wanted: Wanted) -> PaymentRecord:
        """A new open payment that expires by itself."""
        payment = PaymentRecord(
            id=self._ids.new_id("sbx"),
            reference=wanted.metadata.get("payment_id", ""),
            status=OPEN,
            reason="",
            amount_minor=wanted.amount_minor,
            currency=wanted.currency,
            return_url=wanted.return_url,
            created_at_ms=self._clock.now_ms(),
            expires_at_ms=wanted.expires_at_ms,
            refunded_minor=0,
            refund_asked_minor=0,
            metadata=msgspec.json.encode(wanted.metadata).decode(),
            behaviour="",
            stalled_until_ms=0,
            errors_left=0,
            refund_errors_left=0,
            capture=wanted.capture,
        )
        self._ledger.put(payment)
        self._ledger.plan(payment.expires_at_ms, payment.id, "expire")
        return payment

    def pay(self, payment: PaymentRecord, card: TestCard) -> None:
        """The buyer pays an open payment; the card decides how that goes."""
        assert payment.status == OPEN and not payment.behaviour, "paid once"
        now_ms = self._clock.now_ms()
        payment.behaviour = card.behaviour.value
        match card.behaviour:
            case Behaviour.PAYS | Behaviour.SENDS_TWICE | Behaviour.NO_WEBHOOK:
                self._take(payment)
            case Behaviour.DECLINES:
                self._end(payment, FAILED, "card_declined")
            case Behaviour.TIMES_OUT:
                payment.stalled_until_ms = now_ms + self._stall_ms
                self._ledger.plan(payment.stalled_until_ms, payment.id, "settle")
            case Behaviour.PAYS_LATE:
                self._ledger.plan(now_ms + self._late_ms, payment.id, "settle")
            case Behaviour.OUT_OF_ORDER:
                self._tell("payment.processing", payment, delay_ms=_OLDER_EVENT_LATE_MS)
                self._take(payment)
            case Behaviour.ERRORS:
                payment.errors_left, payment.refund_errors_left = ERRORS_AFTER_PAYING, 1
                self._take(payment)
            case _:
                assert_never(card.behaviour)
        self._ledger.put(payment)

    def capture(self, payment: PaymentRecord) -> bool:
        """Takes what is authorised; False when nothing is, any more or yet."""
        if payment.status == AUTHORISED:
            self._end(payment, SUCCEEDED)
            self._ledger.put(payment)
            return True
        return False

    def cancel(self, payment: PaymentRecord) -> bool:
        """Cancels what no money has moved for; False when it has ended otherwise. PAYS_LATE money may still come."""
        if payment.status in {OPEN, AUTHORISED}:
            self._end(payment, CANCELLED, "requested")
            self._ledger.put(payment)
        return payment.status == CANCELLED

    def refund(self, payment: PaymentRecord, amount_minor: int) -> str:
        """Starts a refund of captured money; answers its status."""
        payment.refund_asked_minor += amount_minor
        if payment.behaviour == Behaviour.PAYS_LATE.value:
            self._ledger.plan(self._clock.now_ms() + self._late_ms, payment.id, f"refund:{amount_minor}")
            status = "pending"
        else:
            self._pay_back(payment, amount_minor)
            status = "succeeded"
        self._ledger.put(payment)
        return status

    def open_dispute(self, payment: PaymentRecord, amount_minor: int) -> None:
        """The buyer's bank asks for captured money back; the house has yet to answer."""
        payment.dispute, payment.disputed_minor = DISPUTE_OPEN, amount_minor
        self._tell("dispute.opened", payment)
        self._ledger.put(payment)

    def close_dispute(self, payment: PaymentRecord, outcome: str) -> None:
        """The bank has decided: won (the house keeps the money) or lost."""
        payment.dispute = outcome
        self._tell("dispute.closed", payment)
        self._ledger.put(payment)

    def run_due(self) -> None:
        """Lets happen what is due: expiries, late successes, late refunds."""
        for item in self._ledger.take_due(self._clock.now_ms(), _DUE_AT_ONCE):
            payment = self._ledger.payment(item.payment_id)
            assert payment is not None, "payments are never deleted"
            if item.act == "settle" and payment.status not in {AUTHORISED, SUCCEEDED}:
                self._take(payment)
            elif item.act.startswith("refund"):
                # Without an amount: planned by an earlier release, of all that was asked for.
                amount = item.act.partition(":")[2]
                self._pay_back(payment, int(amount) if amount else payment.refund_asked_minor - payment.refunded_minor)
            elif item.act == "expire" and payment.status == OPEN and not payment.behaviour:
                self._end(payment, EXPIRED, "expired")
            else:
                continue
            self._ledger.put(payment)

    def _pay_back(self, payment: PaymentRecord, amount_minor: int) -> None:
        payment.refunded_minor += amount_minor
        self._tell("refund.succeeded", payment)

    def _take(self, payment: PaymentRecord) -> None:
        self._end(payment, AUTHORISED if payment.capture == MANUAL else SUCCEEDED)

    def _end(self, payment: PaymentRecord, status: str, reason: str = "") -> None:
        payment.status, payment.reason = status, reason
        self._tell(f"payment.{status}", payment)

    def _tell(self, kind: str, payment: PaymentRecord, delay_ms: int = 0) -> None:
        now_ms = self._clock.now_ms()
        metadata = msgspec.json.decode(payment.metadata)
        data = {
            "payment_id": payment.id,
            "status": payment.status,
            "metadata": metadata,
            "payment": _snapshot(payment, metadata),
        }
        event: dict[str, Any] = {"id": self._ids.new_id("evt"), "type": kind, "created_at_ms": now_ms, "data": data}
        silent = payment.behaviour == Behaviour.NO_WEBHOOK.value
        copies = 2 if payment.behaviour == Behaviour.SENDS_TWICE.value else 1
        deliver = [now_ms + delay_ms] * copies if self._webhooks and not silent else []
        self._ledger.add_event(event, is_listed=not silent, deliver_at_ms=deliver)


def _snapshot(payment: PaymentRecord, metadata: dict[str, str]) -> dict[str, Any]:
    """The payment as it stood when it happened, as GET would have told it then."""
    return {
        "id": payment.id,
        "status": payment.status,
        "reason": payment.reason,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "refunded_minor": payment.refunded_minor,
        "dispute": payment.dispute,
        "disputed_minor": payment.disputed_minor,
        "fingerprint": fingerprint_of(payment.behaviour),
        "pay_url": "",
        "metadata": metadata,
    }
