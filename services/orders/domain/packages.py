"""What a package does to the lines of an order: a price for several performances, shared over their tickets exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from services.contracts.channels import Channel
from services.contracts.money import shared
from services.contracts.prices import (
    WHOLE_BASIS_POINTS,
    AmountOff,
    Component,
    PercentOff,
    VatRounding,
    amount_of,
    discounted,
    recette,
)
from services.orders.domain.order import LineDiscount, OrderLine
from services.orders.domain.pricing import Listed
from services.orders.domain.promotions import lowered
from services.orders.domain.refusals import PackageNotValid
from services.orders.domain.uses import CountedUse, package_use


@dataclass(frozen=True, slots=True)
class FixedPrices:
    """By category, what base and surcharge of one ticket for each performance cost, unless they cost less anyway."""

    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class EachNthFree:
    """Of one ticket for each performance every nth, the cheapest of them; fees stay."""

    nth: int


PackageRule = PercentOff | FixedPrices | EachNthFree


@dataclass(frozen=True, slots=True)
class Package:
    """As the catalogue keeps it. Empty sets are all; 0 is no bound and no date."""

    package_id: str
    rule: PackageRule
    performance_ids: tuple[str, ...]
    # How many of its performances an order has at least and at most.
    least: int
    most: int
    same_seats: bool = False
    ticket_types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()
    starts_at_ms: int = 0
    ends_at_ms: int = 0
    max_uses: int = 0
    max_per_customer: int = 0


@dataclass(frozen=True, slots=True)
class Packaged:
    """The parts at the package's price, and what they take of it."""

    parts: tuple[Listed, ...]
    uses: tuple[CountedUse, ...]


def packaged(
    package: Package,
    parts: Mapping[str, Listed],
    channel: Channel,
    now_ms: int,
    rounding: VatRounding,
) -> Packaged | PackageNotValid:
    """The parts, by performance in the order's order, for one price. One use is a seat in each of them."""
    why = tuple(_unfit(package, parts, channel, now_ms))
    if why:
        return PackageNotValid(package.package_id, why)
    sets = _sets(package, parts)
    why = tuple(_unfit_sets(package, parts, sets))
    if why:
        return PackageNotValid(package.package_id, why)
    lower = [list(listed.made_of) for listed in parts.values()]
    for one in sets:
        made_of = [lower[part][place] for part, place in enumerate(one)]
        category = next(iter(parts.values())).lines[one[0]].category
        for part, components in enumerate(_reduced(package.rule, category, made_of, rounding)):
            lower[part][one[part]] = components
    return Packaged(
        tuple(
            _with_package(package, listed, components) for listed, components in zip(parts.values(), lower, strict=True)
        ),
        (package_use(package.package_id, len(sets), package.max_uses),),
    )


def _unfit(package: Package, parts: Mapping[str, Listed], channel: Channel, now_ms: int) -> Iterator[str]:
    if package.channels and channel not in package.channels:
        yield f"it is sold by {', '.join(sorted(one.value for one in package.channels))}"
    if now_ms < package.starts_at_ms:
        yield "it is not sold yet"
    if package.ends_at_ms and package.ends_at_ms <= now_ms:
        yield "it is no longer sold"
    foreign = [name for name in parts if name not in package.performance_ids]
    if foreign:
        yield f"{', '.join(foreign)} {'is' if len(foreign) == 1 else 'are'} not in it"
    yield from _unfit_number(package, [name for name in parts if name in package.performance_ids])
    counts = {name: len(listed.lines) for name, listed in parts.items()}
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{count} of {name}" for name, count in counts.items())
        yield f"each performance needs as many seats: there are {told}"
    for name, listed in parts.items():
        yield from _unfit_lines(package, name, listed.lines)


def _unfit_number(package: Package, chosen: Sequence[str]) -> Iterator[str]:
    if len(chosen) < package.least:
        missing = [name for name in package.performance_ids if name not in chosen]
        if package.least == len(package.performance_ids):
            yield f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        else:
            yield f"{package.least} of its performances are needed, there are {len(chosen)}"
    if len(chosen) > package.most:
        yield f"at most {package.most} of its performances may be taken, there are {len(chosen)}"


def _unfit_lines(package: Package, name: str, lines: Sequence[OrderLine]) -> Iterator[str]:
    for what, known, wanted in (
        ("category", package.categories, {line.category for line in lines}),
        ("ticket type", package.ticket_types, {line.ticket_type for line in lines}),
    ):
        wrong = sorted(wanted - known) if known else []
        if wrong:
            yield f"{what} {', '.join(wrong)} of {name} is not in it, but {', '.join(sorted(known))}"


def _sets(package: Package, parts: Mapping[str, Listed]) -> list[tuple[int, ...]]:
    """One seat in each performance: the same ones, or as they are named. Of each set the places of its lines."""
    first = next(iter(parts.values())).lines
    if not package.same_seats:
        return [(place,) * len(parts) for place in range(len(first))]
    places = [{line.seat_id: place for place, line in enumerate(listed.lines)} for listed in parts.values()]
    return [tuple(of_part.get(line.seat_id, -1) for of_part in places) for line in first]


def _unfit_sets(package: Package, parts: Mapping[str, Listed], sets: Sequence[tuple[int, ...]]) -> Iterator[str]:
    first = next(iter(parts.values())).lines
    for number, one in enumerate(sets):
        if -1 in one:
            where = [name for name, place in zip(parts, one, strict=True) if place < 0]
            yield f"seat {first[number].seat_id} is not taken in {', '.join(where)}: it has the same seats everywhere"
            continue
        lines = [listed.lines[place] for listed, place in zip(parts.values(), one, strict=True)]
        categories = sorted({line.category for line in lines})
        if isinstance(package.rule, FixedPrices):
            if len(categories) > 1:
                yield f"seat {number + 1} of each performance is of one category, not {', '.join(categories)}"
            elif categories[0] not in package.rule.amounts:
                yield f"category {categories[0]} has no price in it, but {', '.join(sorted(package.rule.amounts))}"


def _reduced(
    rule: PackageRule, category: str, made_of: Sequence[tuple[Component, ...]], rounding: VatRounding
) -> list[tuple[Component, ...]]:
    """One ticket for each performance, for the package's price."""
    match rule:
        case PercentOff():
            return [discounted(one, rule, rounding) for one in made_of]
        case EachNthFree(nth):
            cheapest = sorted(range(len(made_of)), key=lambda place: (recette(made_of[place]), place))
            free = set(cheapest[: len(made_of) // nth])
            nothing = PercentOff(WHOLE_BASIS_POINTS)
            return [discounted(one, nothing, rounding) if place in free else one for place, one in enumerate(made_of)]
        case FixedPrices(amounts):
            full = [recette(one) for one in made_of]
            less = shared(max(0, sum(full) - amounts[category]), full)
            return [discounted(one, AmountOff(share), rounding) for one, share in zip(made_of, less, strict=True)]
        case _:
            assert_never(rule)


def _with_package(package: Package, listed: Listed, made_of: Sequence[tuple[Component, ...]]) -> Listed:
    lines = []
    for line, components in zip(listed.lines, made_of, strict=True):
        saved = line.price.amount_minor - amount_of(components)
        lines.append(lowered(line, LineDiscount(package.package_id, saved)) if saved else line)
    return Listed(tuple(lines), tuple(made_of))
