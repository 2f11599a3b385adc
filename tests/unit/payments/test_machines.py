"""The machines of refunds, charges, vouchers and accounts, whole: every way between two states, and no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.diagrams import START, Machine
from tools.money_diagrams import account_machine, charge_machine, payment_refund_machine, voucher_machine

_WAYS: dict[Callable[[], Machine], set[tuple[str, str]]] = {
    payment_refund_machine: {
        (START, "DUE"),
        ("DUE", "STUCK"),
        ("DUE", "SUCCEEDED"),
        ("STUCK", "DUE"),
        ("STUCK", "SUCCEEDED"),
    },
    charge_machine: {
        (START, "RESERVED"),
        ("RESERVED", "RELEASED"),
        ("RESERVED", "TAKEN"),
        ("TAKEN", "RETURNED"),
    },
    voucher_machine: {
        (START, "PAYS"),
        ("PAYS", "SPENT"),
        ("PAYS", "EXPIRED"),
        ("PAYS", "STOPPED"),
        ("SPENT", "PAYS"),
        ("SPENT", "EXPIRED"),
        ("SPENT", "STOPPED"),
        # A voucher that is both is told as stopped.
        ("EXPIRED", "STOPPED"),
    },
    account_machine: {
        (START, "active"),
        ("active", "locked"),
        ("active", "archived"),
        ("locked", "active"),
        ("locked", "archived"),
    },
}


@pytest.mark.parametrize("machine", _WAYS)
def test_a_machine_has_these_ways_and_no_other(machine: Callable[[], Machine]) -> None:
    found = {(edge.source, edge.target) for edge in machine().edges if edge.source != edge.target}
    assert found == _WAYS[machine]
