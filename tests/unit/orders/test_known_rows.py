"""What a process remembers of order rows is used under the very version that the database tells, and is bounded."""

from __future__ import annotations

from services.orders.adapters.known_rows import KnownRows
from services.orders.adapters.order_turns import OrderRow
from services.orders.ports import OrderRef
from tests.unit.orders.builders import HOUSE, an_order


def ref(number: int) -> OrderRef:
    return OrderRef(HOUSE, f"ord_{number}")


def row(number: int) -> OrderRow:
    return OrderRow(an_order(order_id=f"ord_{number}"), None)


def test_a_row_is_known_under_its_own_version_only() -> None:
    known = KnownRows()
    known.keep({ref(1): ("7(0,1)", row(1))})
    assert known.still({ref(1): "7(0,1)", ref(2): "7(0,1)"}) == {ref(1): ("7(0,1)", row(1))}
    assert known.still({ref(1): "8(0,1)"}) == {}
    assert known.still({ref(1): "7(0,2)"}) == {}


def test_the_last_that_were_kept_stay() -> None:
    known = KnownRows(most=2)
    for number in (1, 2):
        known.keep({ref(number): ("1", row(number))})
    known.keep({ref(1): ("2", row(1))})
    known.keep({ref(3): ("1", row(3))})
    assert [known.has(ref(number)) for number in (1, 2, 3)] == [True, False, True]
