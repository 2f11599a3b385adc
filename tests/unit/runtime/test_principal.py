"""Who calls and for whom: what the records say of it."""

import pytest

from services.runtime.principal import HouseRoles, Principal, PrincipalKind, PrincipalRef

BUYER = PrincipalRef(PrincipalKind.BUYER, "holder_1")


def test_who_calls_acts_for_itself() -> None:
    assert Principal(PrincipalKind.BUYER, "holder_1").acts_for == BUYER


def test_a_service_acts_for_whom_it_names() -> None:
    assert Principal(PrincipalKind.SERVICE, "orders", on_behalf_of=BUYER).acts_for == BUYER


@pytest.mark.parametrize("kind", [kind for kind in PrincipalKind if kind is not PrincipalKind.SERVICE])
def test_nobody_but_a_service_acts_for_somebody_else(kind: PrincipalKind) -> None:
    with pytest.raises(AssertionError, match="only services"):
        Principal(kind, "somebody", on_behalf_of=BUYER)


def test_roles_are_those_of_the_house_that_is_asked_about() -> None:
    houses = (HouseRoles("house_1", frozenset({"owner", "finance"})), HouseRoles("house_2", frozenset({"door"})))
    staff = Principal(PrincipalKind.STAFF, "person_1", houses)
    assert staff.roles_in("house_1") == {"owner", "finance"}
    assert staff.roles_in("house_2") == {"door"}
    assert staff.roles_in("house_3") == frozenset()
