"""Payments with every provider's double behind lines, on one Postgres and a clock that is put forward; and one sale.

The sale is the order's own rules and orders' own client of payments; inventory answers as it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from services.orders.adapters.grpc_payments import GrpcPayments
from services.orders.domain import commands
from services.orders.domain.order import Dispute, Money, Order, OrderState
from services.orders.domain.refunds import due_refund
from services.orders.domain.steps import NextStep, Step, next_step
from services.orders.domain.transitions import apply_all, decide
from services.orders.ports import Declined, PaymentSeen, RefundAsked, Unanswered
from services.orders.ports.payments import PaymentState
from services.runtime.errors import Refusal
from services.runtime.testing import eventually
from services.runtime.testing.clocks import ShiftedClock
from tests.doubles.mollie import Mollie
from tests.doubles.stripe import StripeDouble
from tests.integration.payments.faults.lines import Line, Post, Webhooks
from tests.integration.payments.rig import Rig, RigPlan
from tests.unit.orders.builders import a_part, an_order
from tests.unit.orders.walks import ENDS, fair_answer

if TYPE_CHECKING:
    from tests.integration.payments.faults.sides import Side

PAY_MINUTES = 10
_SEEN: Mapping[PaymentState, Callable[[str], commands.Command]] = {
    PaymentState.SUCCEEDED: commands.PaymentSucceeded,
    PaymentState.FAILED: commands.PaymentFailed,
    PaymentState.CANCELLED: commands.PaymentCancelled,
}


class StageClock(ShiftedClock):
    """Put forward, waits are over too."""

    def monotonic(self) -> float:
        """See Clock.monotonic."""
        return super().monotonic() + self.ahead_ms / 1000


class Stage(Rig):
    """`sandbox_at` is the sandbox itself; payments finds it, as all providers, behind one of the `lines`."""

    def __init__(self, plan: RigPlan) -> None:
        super().__init__(plan)
        self.clock: StageClock = StageClock()
        self.stripe = StripeDouble(self.clock)
        self.webhooks = Webhooks()
        self.mollie = Mollie(self.clock)
        self.lines = {"sandbox": Line(), "stripe": Line(), "mollie": Line()}
        self._numbers = iter(range(1, 100_000))

    @property
    def sandbox_at(self) -> str:
        """The sandbox itself."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def sandbox_url(self) -> str:
        """Where payments finds it."""
        return self.lines["sandbox"].url

    @property
    def webhook_url(self) -> str:
        """Where the sandbox sends webhooks."""
        return f"{self.webhooks.url}/webhooks/sandbox"

    async def open(self) -> None:
        """All of it serves."""
        await self.stripe.__aenter__()
        await self.mollie.__aenter__()
        for line in (self.webhooks, *self.lines.values()):
            await line.server.start()
        self.webhooks.target = f"http://127.0.0.1:{self.http_port}"
        self.lines["sandbox"].target = self.sandbox_at
        self.lines["stripe"].target = self.stripe.url
        self.lines["mollie"].target = self.mollie.url
        places = {"stripe_url": self.lines["stripe"].url, "mollie_url": self.lines["mollie"].url}
        self.plan.settings |= places | {"public_url": self.webhooks.url}
        await self.start_sandbox()
        await self.start_payments()

    async def close(self) -> None:
        """Lets everything go."""
        await super().close()
        await self.stripe.__aexit__(None, None, None)
        await self.mollie.__aexit__(None, None, None)
        for line in (self.webhooks, *self.lines.values()):
            await line.close()

    def mend(self) -> None:
        """Nothing is wrong any more; what was held is forgotten."""
        self.webhooks.mend()
        self.webhooks.post = Post.DELIVERED
        self.webhooks.held.clear()
        for line in self.lines.values():
            line.mend()
            line.passed.clear()

    def new_number(self) -> int:
        """Each sale has its own."""
        return next(self._numbers)

    async def commands_of(self, payment_id: str) -> list[commands.Command]:
        """What payments has published about a payment."""
        found = [one for one in await self.events() if one.payment_id == payment_id]
        told = [_command(type(event).__name__, event) for event in found]
        return [command for command in told if command is not None]


def _command(name: str, event: Any) -> commands.Command | None:
    """What orders hears; of single refunds it is told by the payment."""
    match name:
        case "PaymentSucceeded":
            return commands.PaymentSucceeded(event.payment_id)
        case "PaymentFailed":
            return commands.PaymentFailed(event.payment_id)
        case "PaymentCancelled":
            return commands.PaymentCancelled(event.payment_id)
        case "PaymentRefunded":
            return commands.PaymentRefunded(event.payment_id)
        case "PaymentPartlyRefunded":
            return commands.PaymentPartlyRefunded(event.payment_id, event.refunded.amount_minor)
        case "PaymentDisputeChanged":
            return commands.PaymentDisputeChanged(event.payment_id, list(Dispute)[event.dispute_state])
        case _:
            return None


class Sale:
    """One order at one provider, from its check-out to its end."""

    def __init__(self, stage: Stage, side: Side, *, seats_are_there: bool = True) -> None:
        number = stage.new_number()
        part = a_part(hold_id=f"hold_{number}")
        made = an_order(order_id=f"ord_{number}", parts=(part,), house_id=side.house_id)
        self.stage = stage
        self.side = side
        self.order: Order = made
        self.seats_are_there = seats_are_there
        self.ref = ""
        self._payments = GrpcPayments(stage.channel)
        pay_until_ms = stage.clock.now_ms() + PAY_MINUTES * 60_000
        self.tell(commands.CheckOut(Money(5_000, "EUR"), "https://shop.example/done", pay_until_ms))
        self.tell(commands.SeatsClaimed())

    def tell(self, command: commands.Command) -> None:
        """The order decides; a no changes nothing."""
        decision = decide(self.order, command, self.stage.clock.now_ms())
        if not isinstance(decision, Refusal):
            self.order = apply_all(self.order, decision)

    async def goes_to_pay(self) -> str:
        """Asks for the payment until the provider has told where it is paid; answers the provider's id."""

        async def opened() -> None:
            if not self.order.payment_url:
                await self._step(NextStep(Step.CREATE_PAYMENT) if not self.order.payment_id else self._due())
            assert self.order.payment_url, self.order.state

        await eventually(opened)
        row = await self.stage.row(self.order.payment_id)
        self.ref = row.provider_ref
        return self.ref

    async def hears(self) -> None:
        """Takes all that payments has published so far."""
        for command in await self.stage.commands_of(self.order.payment_id):
            self.tell(command)

    def _due(self) -> NextStep:
        due = next_step(self.order, self.stage.clock.now_ms())
        return due or NextStep(Step.LOOK_AT_PAYMENT)

    async def _step(self, due: NextStep) -> None:
        """What is not answered is asked again, as by the saga."""
        with suppress(Unanswered):
            await self._asks(due)

    async def _asks(self, due: NextStep) -> None:
        seen: PaymentSeen | Declined
        match due.step:
            case Step.CREATE_PAYMENT:
                seen = await self._payments.create(self.order)
            case Step.LOOK_AT_PAYMENT:
                seen = await self._payments.look(self.order)
            case Step.CANCEL_PAYMENT:
                seen = await self._payments.cancel(self.order)
            case Step.REFUND_PAYMENT:
                refund = due_refund(self.order.refunds)
                assert refund is not None
                seen = await self._payments.refund(self.order, RefundAsked(refund.refund_id))
            case _:
                self.tell(fair_answer(self.order, due, seats_are_there=self.seats_are_there, pays=True))
                return
        assert isinstance(seen, PaymentSeen), seen
        if seen.refunded:
            self.tell(commands.PaymentRefunded(seen.payment_id))
        elif seen.status is PaymentState.PENDING:
            self.tell(commands.PaymentPending(seen.payment_id, seen.payment_url))
        else:
            self.tell(_SEEN[seen.status](seen.payment_id))

    async def goes_on(self) -> None:
        """One look at the news, and one step."""
        await self.hears()
        due = next_step(self.order, self.stage.clock.now_ms())
        if due is not None:
            await self._step(due)

    async def comes_to(self, state: OrderState) -> None:
        """Until the order stands there with nothing left to do."""

        async def there() -> None:
            await self.goes_on()
            assert self.order.state is state, (self.order.state, self.order.payment)
            assert next_step(self.order, self.stage.clock.now_ms()) is None or state not in ENDS

        await eventually(there)

    async def ends(self, state: OrderState) -> None:
        """There, and the provider's books agree: tickets for the whole money, or none of it is kept."""
        await self.comes_to(state)
        kept = await self.side.kept_minor(self.ref) if self.ref else 0
        assert kept == (5_000 if state is OrderState.CONFIRMED else 0)
        names = [type(event).__name__ for event in await self.stage.commands_of(self.order.payment_id)]
        assert names.count("PaymentSucceeded") <= 1
        if state is OrderState.CONFIRMED:
            assert all(part.tickets for part in self.order.parts)
