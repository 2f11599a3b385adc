"""What is other in a settlement than in one before it, line by line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from services.reporting.domain.settlement import Line, LineKind, Settlement
from services.reporting.domain.settlement_sales import Sales


@dataclass(frozen=True, slots=True)
class Difference:
    """A line that is not what it was. `kind` is a LineKind's value, or `tickets` or `comps`, which count and cost
    nothing."""

    kind: str
    name: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        """What came on top; less than nothing: what went."""
        return self.after - self.before


COUNTS = ("tickets", "comps")


def differences(was: tuple[Sales, Settlement], now: tuple[Sales, Settlement]) -> tuple[Difference, ...]:
    """In the order of the calculation, counts first. None: both come to the same everywhere."""
    counted = [
        Difference("tickets", "", was[0].tickets, now[0].tickets),
        Difference("comps", "", was[0].comps, now[0].comps),
    ]
    before, after = _amounts(was[1].lines), _amounts(now[1].lines)
    order = list(LineKind)
    keys = sorted({**before, **after}, key=lambda key: (order.index(key[0]), _place(key, now[1].lines)))
    told = [
        Difference(kind.value, name, before.get((kind, name), 0), after.get((kind, name), 0)) for kind, name in keys
    ]
    return tuple(one for one in (*counted, *told) if one.before != one.after)


def is_other(was: tuple[Sales, Settlement], now: tuple[Sales, Settlement]) -> bool:
    """Whether anything that a settlement tells is not what it was, also where sums are the same."""
    return (
        was[1] != now[1] or sorted(was[0].lines, key=_key) != sorted(now[0].lines, key=_key) or _rest(was) != _rest(now)
    )


def _rest(one: tuple[Sales, Settlement]) -> object:
    return one[0].offices, one[0].tickets_back, one[0].back_minor


def _key(line: object) -> str:
    return repr(line)


def _amounts(lines: Sequence[Line]) -> dict[tuple[LineKind, str], int]:
    """Lines of one kind and name together: a percentage and an amount may be called alike."""
    sums: defaultdict[tuple[LineKind, str], int] = defaultdict(int)
    for line in lines:
        sums[line.kind, line.name] += line.amount_minor
    return sums


def _place(key: tuple[LineKind, str], lines: Sequence[Line]) -> tuple[int, str]:
    """Where it stands now; what is no more comes last of its kind."""
    places = [place for place, line in enumerate(lines) if (line.kind, line.name) == key]
    return (places[0] if places else len(lines)), key[1]
