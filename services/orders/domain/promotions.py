"""What a promotion does to an order's lines: a discount that the house keeps, with a code or without. One an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.contracts.channels import Channel
from services.contracts.prices import Component, Effect, VatRounding, amount_of, discounted
from services.orders.domain.order import LineDiscount, Money, OrderLine, TicketKind
from services.orders.domain.refusals import PromotionNotValid
from services.orders.domain.uses import CountedUse


@dataclass(frozen=True, slots=True)
class Promotion:
    """A discount, with the code that gave it where there is one. Empty sets are all; 0 is no bound and no date."""

    discount_id: str
    effect: Effect
    code: str = ""
    ticket_types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    performance_ids: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()
    starts_at_ms: int = 0
    ends_at_ms: int = 0
    max_uses: int = 0
    max_uses_per_order: int = 0
    max_uses_of_code: int = 0
    office_id: str = ""

    @property
    def name(self) -> str:
        """As the buyer knows it."""
        return self.code or self.discount_id

    def uses(self, count: int) -> tuple[CountedUse, ...]:
        """What an order takes of it with so many tickets."""
        of_discount = CountedUse(f"discount:{self.discount_id}", count, self.max_uses)
        of_code = (CountedUse(f"code:{self.code}", count, self.max_uses_of_code),) if self.code else ()
        return (*of_code, of_discount)


@dataclass(frozen=True, slots=True)
class Reduced:
    """Lines as the promotion leaves them, what each is made of, and what is taken of the promotion."""

    lines: tuple[OrderLine, ...]
    made_of: tuple[tuple[Component, ...], ...]
    uses: tuple[CountedUse, ...]


def refused_promotion(
    promotion: Promotion, performance_id: str, channel: Channel, now_ms: int
) -> PromotionNotValid | None:
    """The refusal where the promotion is for another performance, channel or time, else None."""
    why = ""
    if promotion.performance_ids and performance_id not in promotion.performance_ids:
        why = "it is for other performances"
    elif promotion.channels and channel not in promotion.channels:
        why = "it is for other channels"
    elif now_ms < promotion.starts_at_ms:
        why = "it has not begun"
    elif promotion.ends_at_ms and promotion.ends_at_ms <= now_ms:
        why = "it is over"
    return PromotionNotValid(promotion.name, why) if why else None


def reduced(
    lines: Sequence[OrderLine],
    made_of: Sequence[tuple[Component, ...]],
    promotion: Promotion,
    rounding: VatRounding,
    open_to_it: Sequence[bool],
) -> Reduced | PromotionNotValid:
    """Takes the discount off the dearest tickets that it is for, as many as it allows; the others stay as they are.

    `open_to_it`: of each line, whether its performance is one that the promotion is for.
    """
    meant = [place for place in _meant(lines, promotion) if open_to_it[place]]
    lower = {place: discounted(made_of[place], promotion.effect, rounding) for place in meant}
    saved = {place: amount_of(made_of[place]) - amount_of(components) for place, components in lower.items()}
    dearest = sorted(lower, key=lambda place: (-lines[place].price.amount_minor, place))
    chosen = [place for place in dearest if saved[place] > 0]
    if promotion.max_uses_per_order:
        chosen = chosen[: promotion.max_uses_per_order]
    if not chosen:
        return PromotionNotValid(promotion.name, "none of these tickets costs less by it")
    return Reduced(
        tuple(
            lowered(line, LineDiscount(promotion.discount_id, saved[place], promotion.office_id))
            if place in chosen
            else line
            for place, line in enumerate(lines)
        ),
        tuple(lower[place] if place in chosen else components for place, components in enumerate(made_of)),
        promotion.uses(len(chosen)),
    )


def _meant(lines: Sequence[OrderLine], promotion: Promotion) -> list[int]:
    return [
        place
        for place, line in enumerate(lines)
        if (not promotion.ticket_types or line.ticket_type in promotion.ticket_types)
        and (not promotion.categories or line.category in promotion.categories)
    ]


def lowered(line: OrderLine, discount: LineDiscount) -> OrderLine:
    """The line with that taken off. In figures the full price is one that nothing was taken off."""
    price = Money(line.price.amount_minor - discount.amount_minor, line.price.currency)
    kind = TicketKind.DISCOUNT if line.kind is TicketKind.NORMAL else line.kind
    return replace(line, price=price, kind=kind, discount=discount)
