"""Ticket offices outside the system: what may be said of one."""

from __future__ import annotations

from services.catalogue.domain.office import Office, parts_of, refused_office


def test_all_that_is_wrong_with_an_office_is_told_at_once() -> None:
    wrong = Office(
        name="",
        address_lines=("\n", *["Street"] * 6),
        email="not an address",
        phone="1" * 41,
        contact="x" * 201,
        language="Dutch",
        conditions="x" * 4_001,
        commission="\x00",
    )
    refusal = refused_office("a b", wrong)
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "office.office_id",
        "office.name",
        "office.address_lines",
        "office.address_lines[0]",
        "office.email",
        "office.phone",
        "office.contact",
        "office.language",
        "office.conditions",
        "office.commission",
    ]


def test_an_office_needs_a_name_and_may_have_everything_else() -> None:
    assert refused_office("vvv", Office(name="VVV Utrecht")) is None
    whole = Office(
        "VVV", ("Domplein 9", "3512 JC Utrecht"), "vvv@example.org", "+31 30", "Ada", "nl", "Net 30.\n", "5 %"
    )
    assert refused_office("vvv", whole) is None


def test_long_conditions_take_more_of_a_page() -> None:
    assert parts_of(Office("VVV")) == 1
    assert parts_of(Office("VVV", conditions="x" * 4_000, commission="x" * 1_000)) == 6
