"""What a finished sale comes to: the figures of `balcon demo`, whether all of it holds, for people and for machines."""

from __future__ import annotations

from collections import Counter

import msgspec
from rich.table import Table

from services.console.audit.verdict import Verdict
from services.console.sale.contingents import ContingentFigures
from services.console.sale.platform import PlatformFigures
from services.console.sale.promoter import PromoterFigures
from services.console.sale.tally import Tally, busiest_second, doubled_seats, percentile
from services.contracts.standing import UNRESOLVED


class Scoreboard(msgspec.Struct, frozen=True):
    """The demo's JSON. `seconds` runs from the opening until nothing was in flight any more."""

    seats: int
    sold: int
    # Seats with two tickets in buyers' hands, and seats that the audit found twice.
    double_sales: int
    orders_confirmed: int
    orders_refunded: int
    orders_cancelled: int
    open_carts: int
    # Orders between claim and an end, and buyers who went home without knowing.
    unresolved: int
    # Tickets that a buyer was given and that the record does not know.
    lost_tickets: int
    hold_p50_ms: float
    hold_p99_ms: float
    # Hold requests answered, yes or no, in the busiest second.
    holds_per_second: int
    holds_accepted: int
    holds_refused: int
    # From paying to tickets, with cards whose money comes at once; to any end with cards that pay late, are declined,
    # time out or are told of by nobody.
    order_p50_ms: float
    order_p99_ms: float
    odd_card_p50_ms: float
    odd_card_p99_ms: float
    # From the opening to the last ticket in a buyer's hands.
    last_ticket_seconds: float
    seconds: float
    setup_seconds: float
    audit: str
    buyers: int
    seed: int
    # What no buyer should ever see: anything but an answer or a refusal that can happen to them.
    errors: int
    error_samples: list[str]
    outcomes: dict[str, int]
    refusals: dict[str, int]
    counts: dict[str, int]
    killed: str
    restarts: dict[str, int]
    went_quiet: bool
    # Of a sale with contingents.
    contingents: ContingentFigures | None = None
    # What the promoter was told of it at the end.
    promoter: PromoterFigures | None = None
    # What the national platform was told of it.
    platform: PlatformFigures | None = None

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        nothing_wrong = not (self.double_sales or self.unresolved or self.lost_tickets or self.errors)
        if self.contingents is not None and not self.contingents.holds:
            return False
        if self.promoter is not None and self.promoter.tickets != self.sold:
            return False
        if self.platform is not None and not self._platform_knows(self.platform):
            return False
        return nothing_wrong and self.audit == "ok" and self.went_quiet and self.sold > 0

    def _platform_knows(self, told: PlatformFigures) -> bool:
        """The very sale: its tickets, with those that offices reported, and the money that the promoter knows."""
        if self.contingents is not None:
            return told.agrees and told.tickets == self.sold + self.contingents.reported_to_platform
        same_money = self.promoter is None or told.revenue == self.promoter.revenue
        return told.agrees and told.tickets == self.sold and same_money


class SaleRun(msgspec.Struct, frozen=True):
    """How the sale was run, as the demo knows it by itself."""

    seats: int
    buyers: int
    seed: int
    seconds: float
    setup_seconds: float
    killed: str
    restarts: dict[str, int]
    went_quiet: bool
    contingents: ContingentFigures | None = None
    promoter: PromoterFigures | None = None
    platform: PlatformFigures | None = None


def sold_seats(verdict: Verdict) -> int:
    """Seats that the record has sold."""
    return sum(seat.sold for seat in verdict.facts.seats)


def unresolved_orders(verdict: Verdict) -> int:
    """Orders between claim and a final state."""
    return sum(order.state in UNRESOLVED for order in verdict.facts.orders)


def score(tally: Tally, verdict: Verdict, run: SaleRun) -> Scoreboard:
    """Puts what the buyers saw and what the records say together."""
    states = Counter(order.state for order in verdict.facts.orders)
    recorded = {(ticket.seat_id, ticket.order_id) for ticket in verdict.facts.tickets}
    took = [hold.took_ms for hold in tally.holds]
    return Scoreboard(
        seats=run.seats,
        sold=sold_seats(verdict),
        double_sales=len(doubled_seats(tally.tickets)) + verdict.double_sales,
        orders_confirmed=states["CONFIRMED"],
        orders_refunded=states["REFUNDED"],
        orders_cancelled=states["CANCELLED"],
        open_carts=states["OPEN"],
        unresolved=unresolved_orders(verdict) + tally.outcomes.get("unknown", 0),
        lost_tickets=sum((ticket.seat_id, ticket.order_id) not in recorded for ticket in tally.tickets),
        hold_p50_ms=round(percentile(took, 50), 1),
        hold_p99_ms=round(percentile(took, 99), 1),
        holds_per_second=busiest_second(tally.holds),
        holds_accepted=tally.counts.get("holds_accepted", 0),
        holds_refused=tally.counts.get("holds_refused", 0),
        order_p50_ms=round(percentile(tally.order_ms, 50), 1),
        order_p99_ms=round(percentile(tally.order_ms, 99), 1),
        odd_card_p50_ms=round(percentile(tally.odd_card_ms, 50), 1),
        odd_card_p99_ms=round(percentile(tally.odd_card_ms, 99), 1),
        last_ticket_seconds=round(tally.last_ticket_seconds, 1),
        seconds=round(run.seconds, 1),
        setup_seconds=round(run.setup_seconds, 1),
        audit="ok" if verdict.ok else "failed",
        buyers=run.buyers,
        seed=run.seed,
        errors=tally.error_count,
        error_samples=tally.errors,
        outcomes=dict(sorted(tally.outcomes.items())),
        refusals=dict(sorted(tally.refusals.items())),
        counts=dict(sorted(tally.counts.items())),
        killed=run.killed,
        restarts=run.restarts,
        went_quiet=run.went_quiet,
        contingents=run.contingents,
        promoter=run.promoter,
        platform=run.platform,
    )


def _to_the_last_ticket(board: Scoreboard) -> str:
    left = board.seats - board.sold
    return f"{board.last_ticket_seconds:,.1f} ({f'{left:,} seats left' if left else 'sold out'})"


def _none_is_good(count: int) -> str:
    return f"[{'red' if count else 'green'}]{count:,}[/]"


def as_table(board: Scoreboard) -> Table:
    """For people."""
    table = Table(title="The on-sale", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows = {
        "seats": f"{board.seats:,}",
        "sold": f"{board.sold:,}",
        "sold twice": _none_is_good(board.double_sales),
        "buyers": f"{board.buyers:,}",
        "orders confirmed / refunded / cancelled": (
            f"{board.orders_confirmed:,} / {board.orders_refunded:,} / {board.orders_cancelled:,}"
        ),
        "orders unresolved": _none_is_good(board.unresolved),
        "tickets lost": _none_is_good(board.lost_tickets),
        "buyers who saw an error": _none_is_good(board.errors),
        "holds granted / refused": f"{board.holds_accepted:,} / {board.holds_refused:,}",
        "hold p50 / p99": f"{board.hold_p50_ms:,.1f} ms / {board.hold_p99_ms:,.1f} ms",
        "holds answered in the busiest second": f"{board.holds_per_second:,}",
        "payment to tickets p50 / p99": f"{board.order_p50_ms:,.0f} ms / {board.order_p99_ms:,.0f} ms",
        "  with cards that pay late, fail or fall silent": (
            f"{board.odd_card_p50_ms:,.0f} ms / {board.odd_card_p99_ms:,.0f} ms"
        ),
        "seconds to the last ticket": _to_the_last_ticket(board),
        "seconds, set-up / until nothing was in flight": f"{board.setup_seconds:,.1f} / {board.seconds:,.1f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    for outcome, count in board.outcomes.items():
        table.add_row(f"  buyers: {outcome.replace('_', ' ')}", f"{count:,}", style="dim")
    if board.promoter is not None:
        told = board.promoter
        table.add_row("what the promoter is told", f"{told.tickets:,} tickets, {told.revenue}")
        table.add_row("  as a PDF", f"{told.file} ({told.size_bytes:,} bytes)", style="dim")
    if board.platform is not None:
        known = board.platform
        table.add_row("what Podiumkunst is told", f"{known.tickets:,} tickets, {known.revenue}")
    if board.killed:
        table.add_row("killed", f"{board.killed} (started again {board.restarts.get(board.killed, 0)} times)")
    return table
