"""R2.11: the buyer's form has the house's own fields: asked of an order or each ticket, checked, and kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from services.contracts.channels import Channel
from services.contracts.order_forms import FormFieldKind
from services.orders.adapters.memory_catalogue import MemoryCatalogue
from services.orders.domain.order import Order, OrderState
from services.orders.domain.order_form import FormAnswer, FormField, checked_answers, missing_answers
from services.orders.domain.refusals import FormClosed, FormIncomplete
from services.orders.ports import HeldSeats, Unanswered
from services.runtime.errors import FieldInvalid
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.builders import HOUSE, NEXT_SHOW, SHOW
from tests.unit.orders.evenings import THIRD_SHOW, ask, ordered, three_evenings, wish
from tests.unit.orders.rig import Shop, World, ref_of

VISITOR = FormField("visitor", "Visitor", FormFieldKind.TEXT, required=True, of_tickets=True)
DIET = FormField("diet", "Diet", FormFieldKind.CHOICE, choices=frozenset({"none", "vegan"}))
WORKSHOP = FormField("workshop", "Workshop", FormFieldKind.TEXT, required=True, performance_ids=frozenset({THIRD_SHOW}))
SEATS = {SHOW: ("A-1", "A-2"), NEXT_SHOW: ("A-1",)}


def visitor(seat_id: str, name: str = "Ada", performance_id: str = SHOW) -> FormAnswer:
    return FormAnswer("visitor", (name,), performance_id, seat_id)


# Longer than a form is remembered without asking.
MEMORY_SECONDS = 1.5


@contextmanager
def silent(catalogue: MemoryCatalogue) -> Iterator[None]:
    """It answers nobody about forms."""

    async def away(house_id: str) -> Sequence[FormField]:
        raise Unanswered("GetOrderForm")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "order_form", away)
        yield


def asking(*form: FormField) -> World:
    world = three_evenings()
    world.catalogue.ask(HOUSE, *form)
    return world


def a_field(kind: FormFieldKind, **bounds: Any) -> FormField:
    return FormField("asked", "Asked", kind, choices=frozenset({"a", "b", "c"}), **bounds)


@pytest.mark.parametrize(
    ("field", "values", "kept"),
    [
        (a_field(FormFieldKind.TEXT), (" Ada ",), ("Ada",)),
        (a_field(FormFieldKind.LONG_TEXT), ("one\r\ntwo",), ("one\ntwo",)),
        (a_field(FormFieldKind.ADDRESS), ("Main St 1\nUtrecht",), ("Main St 1\nUtrecht",)),
        (a_field(FormFieldKind.NUMBER, at_least=1, at_most=9), ("07",), ("7",)),
        (a_field(FormFieldKind.DATE, from_date="2026-01-01"), ("2026-01-01",), ("2026-01-01",)),
        (a_field(FormFieldKind.CHOICE), ("b",), ("b",)),
        (a_field(FormFieldKind.CHOICES), ("b", "a", "b"), ("b", "a")),
        (a_field(FormFieldKind.CHECKBOX), ("true",), ("true",)),
        (a_field(FormFieldKind.COUNTRY), ("NL",), ("NL",)),
        (a_field(FormFieldKind.PHONE), ("+31 20 123 4567",), ("+31201234567",)),
        (a_field(FormFieldKind.EMAIL), ("ada@example.org",), ("ada@example.org",)),
    ],
)
def test_r2_11_a_good_answer_is_kept_in_one_spelling(
    field: FormField, values: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    found = checked_answers([field], [FormAnswer("asked", values)], SEATS)
    assert found == (FormAnswer("asked", kept, label="Asked"),)


@pytest.mark.parametrize(
    ("field", "values", "limit"),
    [
        (a_field(FormFieldKind.TEXT, at_most=3), ("long",), "1 to 3 characters on one line"),
        (a_field(FormFieldKind.TEXT), ("two\nlines",), "1 to 200 characters on one line"),
        (a_field(FormFieldKind.TEXT), ("one", "two"), "one"),
        (a_field(FormFieldKind.LONG_TEXT, at_least=9), ("short",), "9 or more"),
        (a_field(FormFieldKind.NUMBER), ("1.5",), "as 12"),
        (a_field(FormFieldKind.NUMBER), ("\N{ARABIC-INDIC DIGIT THREE}",), "as 12"),
        (a_field(FormFieldKind.NUMBER, at_least=5), ("4",), "5 or more"),
        (a_field(FormFieldKind.NUMBER, at_most=5), ("6",), "at most 5"),
        (a_field(FormFieldKind.DATE), ("31.12.2026",), "as 2026-12-31"),
        (a_field(FormFieldKind.DATE, until_date="2026-01-01"), ("2026-01-02",), "2026-01-01 or earlier"),
        (a_field(FormFieldKind.CHOICE), ("d",), "a, b, c"),
        (a_field(FormFieldKind.CHOICES, at_most=1), ("a", "b"), "0 to 1"),
        (a_field(FormFieldKind.CHECKBOX), ("yes",), "true or false"),
        (a_field(FormFieldKind.COUNTRY), ("Holland",), "as NL"),
        (a_field(FormFieldKind.PHONE), ("12",), "a number with its country's code, such as +31 20 1234567"),
        (a_field(FormFieldKind.EMAIL), ("ada",), "name@domain, at most 254 characters"),
    ],
)
def test_r2_11_a_wrong_answer_is_told_in_the_fields_own_words(
    field: FormField, values: tuple[str, ...], limit: str
) -> None:
    found = checked_answers([field], [FormAnswer("asked", values)], SEATS)
    assert isinstance(found, FieldInvalid)
    assert (found.field, found.limit) == ("answers[0].values", limit)
    assert found.problem.startswith("(Asked) ")


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = checked_answers(
        [VISITOR, DIET, WORKSHOP],
        [
            visitor("A-9"),
            visitor("A-1", ""),
            visitor("A-2"),
            visitor("A-2"),
            FormAnswer("diet", ("meat",)),
            FormAnswer("diet", ("none",), SHOW, "A-1"),
            FormAnswer("workshop", ("no",)),
            FormAnswer("unknown", ("x",)),
        ],
        SEATS,
    )
    assert isinstance(found, FieldInvalid)
    assert [one.field for one in found.violations()] == [
        "answers[0].seat_id",
        "answers[3].form_field_id",
        "answers[4].values",
        "answers[5].seat_id",
        "answers[6].form_field_id",
        "answers[7].form_field_id",
    ]


def test_a_required_field_is_asked_of_each_ticket_of_its_performances_and_a_box_must_be_ticked() -> None:
    some = replace(VISITOR, performance_ids=frozenset({SHOW}))
    box = FormField("rules", "House rules", FormFieldKind.CHECKBOX, required=True)
    assert missing_answers([some, box, WORKSHOP, DIET], [visitor("A-1"), FormAnswer("rules", ("false",))], SEATS) == (
        "Visitor (perf_1, A-2)",
        "House rules",
    )
    assert missing_answers([some], [visitor("A-1"), visitor("A-2")], SEATS) == ()


async def test_a_form_is_answered_with_the_order_and_its_answers_are_customers_alone() -> None:
    world = asking(VISITOR, DIET)
    async with Shop(world) as shop:
        request = replace(wish(world, [(SHOW, ("A-1",))]), answers=(visitor("A-1", "Grace Hopper"),))
        order = await ask(shop, request)
        assert isinstance(order, Order)
        kept = world.customers.kept[HOUSE, order.order_id]
        assert kept == (FormAnswer("visitor", ("Grace Hopper",), SHOW, "A-1", "Visitor"),)
        assert "Hopper" not in repr(order)
        assert not any(b"Hopper" in event.payload for event in world.store.events)  # type: ignore[attr-defined]
        assert "Hopper" not in repr(request)
        assert (await shop.checked_out(order)).state is OrderState.PAYING


async def test_wrong_answers_make_no_order_and_write_nobody_down() -> None:
    world = asking(DIET)
    async with Shop(world) as shop:
        refusal = await ask(shop, replace(wish(world, [(SHOW, ("A-1",))]), answers=(FormAnswer("diet", ("meat",)),)))
        assert isinstance(refusal, FieldInvalid)
        assert not world.customers.asked
        assert not world.customers.kept


async def test_who_has_not_answered_what_must_be_cannot_check_out_and_may_answer_until_then() -> None:
    world = asking(VISITOR, DIET)
    async with Shop(world) as shop:
        order = await ordered(shop, (SHOW, ("A-1", "A-2")))
        missing = FormIncomplete(order.order_id, ("Visitor (perf_1, A-1)", "Visitor (perf_1, A-2)"))
        assert await shop.try_check_out(order) == missing
        assert await shop.desk.update_form(ref_of(order), [visitor("A-1")]) == order
        missing = FormIncomplete(order.order_id, ("Visitor (perf_1, A-2)",))
        assert await shop.try_check_out(order) == missing
        await shop.desk.update_form(ref_of(order), [visitor("A-1"), visitor("A-2", "Bo")])
        paying = await shop.checked_out(order)
        assert await shop.desk.update_form(ref_of(order), []) == FormClosed(order.order_id, paying.state.value)
        assert len(world.customers.kept[HOUSE, order.order_id]) == 2


def test_r2_11_no_required_answer_is_let_go_while_the_catalogue_is_away() -> None:
    async def story() -> None:
        world = asking(VISITOR)
        async with Shop(world) as shop:
            order = await ordered(shop, (SHOW, ("A-1",)))
            await world.clock.sleep(MEMORY_SECONDS)
            with silent(world.catalogue):
                missing = FormIncomplete(order.order_id, ("Visitor (perf_1, A-1)",))
                assert await shop.try_check_out(order) == missing
                # The form that the order was made under is still there to be answered, and to be paid by.
                assert await shop.desk.update_form(ref_of(order), [visitor("A-1")]) == order
                assert (await shop.checked_out(order)).state is OrderState.PAYING

    run_virtual(story())


def test_r2_11_where_nobody_knows_what_is_required_a_check_out_waits_and_nothing_is_lost() -> None:
    async def story() -> None:
        world = asking(VISITOR)
        async with Shop(world) as maker, Shop(world, consumes=False) as other:
            early = await ordered(maker, (SHOW, ("A-1",)))
            # What the other process was told before an order was made says nothing about it.
            await ordered(other, (NEXT_SHOW, ("A-1",)), name="2")
            await world.clock.sleep(MEMORY_SECONDS)
            late = await ordered(maker, (SHOW, ("A-2",)), name="3")
            with silent(world.catalogue):
                with pytest.raises(Unanswered):
                    await other.try_check_out(late)
                assert (await other.read(late)).state is OrderState.OPEN
            assert isinstance(await other.try_check_out(late), FormIncomplete)
            await other.desk.update_form(ref_of(late), [visitor("A-2")])
            assert (await other.checked_out(late)).state is OrderState.PAYING
            assert isinstance(await other.try_check_out(early), FormIncomplete)

    run_virtual(story())


async def test_at_the_counter_nobody_waits_for_a_form_and_without_one_customers_is_not_asked() -> None:
    world = asking(VISITOR)
    async with Shop(world) as shop:
        request = wish(world, [(SHOW, ("A-1",))])
        part = request.parts[0]
        held = await world.inventory.held_seats(HOUSE, SHOW, part.hold_id)
        assert isinstance(held, HeldSeats)
        world.inventory.end_hold(SHOW, part.hold_id)
        world.inventory.hold(SHOW, replace(held, hold_id="hold_till", channel=Channel.BOX_OFFICE))
        sold = replace(request, channel=Channel.BOX_OFFICE, parts=(replace(part, hold_id="hold_till"),))
        order = await ask(shop, sold)
        assert isinstance(order, Order)
        assert (await shop.checked_out(order)).state is OrderState.PAYING
