"""A visitor came to a step, or an order was confirmed: the attached trackers are told, each once (R3.12, R3.15)."""

from __future__ import annotations

from collections.abc import Sequence

from services.integrations.trackers.domain.reached import Reached, Sale, calls_of, purchase_of, with_sale
from services.integrations.trackers.domain.telling import Telling, is_for_the_server
from services.integrations.trackers.domain.tracker import Tracker
from services.integrations.trackers.ports.transaction import TrackersTransaction


async def step_reached(transaction: TrackersTransaction, reached: Reached) -> None:
    """Steps come in any order, more than once, and some never; without a tracker all is silent (R3.13)."""
    trackers = await transaction.attachments.attached(reached.performance_id)
    if not trackers:
        return
    if not reached.order_id:
        await _tell(transaction, reached, trackers)
        return
    # From now on it is known whose visit the order is: its confirmation may have come before.
    said = Sale(reached.order_id, reached.performance_id, reached.visit_id, reached.worth, reached.tickets)
    sale = await transaction.sales.note(said)
    await _tell(transaction, with_sale(reached, sale), trackers)
    await _tell_purchase(transaction, sale, trackers)


async def order_confirmed(transaction: TrackersTransaction, sale: Sale) -> None:
    """A purchase, also of a buyer who has closed the page after paying; of no visit that is known it is none yet."""
    trackers = await transaction.attachments.attached(sale.performance_id)
    if trackers:
        await _tell_purchase(transaction, await transaction.sales.note(sale), trackers)


async def _tell_purchase(transaction: TrackersTransaction, sale: Sale, trackers: Sequence[Tracker]) -> None:
    purchase = purchase_of(transaction.house_id, sale)
    if purchase is not None:
        await _tell(transaction, purchase, trackers)


async def _tell(transaction: TrackersTransaction, reached: Reached, trackers: Sequence[Tracker]) -> None:
    new = await transaction.calls.reached(calls_of(reached, trackers))
    visit = await transaction.visits.find(reached.visit_id) if new else None
    told = [call for call in new if is_for_the_server(call, visit)]
    if not told:
        return
    show = await transaction.shows.find(reached.performance_id)
    content_id = show.content_id if show else reached.performance_id
    await transaction.tell([Telling(call, content_id) for call in told])
    await transaction.calls.queued(told)
