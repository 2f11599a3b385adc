"""Orders that vouchers pay, in part or whole: codes are checked before anything is claimed, and are not kept (R5.8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.contracts.voucher_refusals import VoucherSpent, VoucherUnknown
from services.orders.domain.order import CancelReason, Instrument, OrderCharge, OrderState
from services.runtime.errors import FieldInvalid
from services.runtime.testing.virtual_time import run_virtual
from tests.unit.orders.builders import SHOW
from tests.unit.orders.rig import Shop, World, answered


def in_shop(story: Callable[[Shop], Awaitable[None]], **balances: int) -> None:
    """Runs a story in one healthy process; `balances`: what is on which code."""

    async def main() -> None:
        async with Shop(World()) as shop:
            shop.world.payments.vouchers.balances.update(balances)
            await story(shop)

    run_virtual(main())


def test_r5_8_a_voucher_pays_first_and_the_page_asks_for_the_rest() -> None:
    async def story(shop: Shop) -> None:
        order = answered(await shop.try_check_out(await shop.ordered("A-1"), "GIFT"))
        assert order.state is OrderState.PAYING
        assert order.charges == (OrderCharge(Instrument.VOUCHER, "vch_GIFT", "GIFT", 500),)
        assert order.to_pay_minor == order.total.amount_minor - 500
        assert shop.world.payments.vouchers.balances == {"GIFT": 0}
        shop.world.payments.pay(shop.payment(order))
        assert (await shop.ended(order)).state is OrderState.CONFIRMED

    in_shop(story, GIFT=500)


def test_what_vouchers_pay_in_full_needs_no_page_and_no_place_to_return_to() -> None:
    async def story(shop: Shop) -> None:
        order = answered(await shop.try_check_out(await shop.ordered("A-1"), "GIFT", url=""))
        assert (await shop.ended(order)).state is OrderState.CONFIRMED
        assert order.to_pay_minor == 0

    in_shop(story, GIFT=100_000)


def test_where_something_is_left_the_place_to_return_to_is_asked_for() -> None:
    async def story(shop: Shop) -> None:
        refusal = await shop.try_check_out(await shop.ordered("A-1"), "GIFT", url="")
        assert isinstance(refusal, FieldInvalid)
        assert refusal.field == "return_url"

    in_shop(story, GIFT=1)


def test_a_wrong_code_is_refused_by_its_place_before_anything_is_claimed() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        assert await shop.try_check_out(order, "GIFT", "NONE") == VoucherUnknown("voucher_codes[1]")
        spent = await shop.try_check_out(order, "SPENT")
        assert isinstance(spent, VoucherSpent)
        assert spent.place == "voucher_codes[0]"
        assert (await shop.read(order)).state is OrderState.OPEN
        assert shop.world.payments.payments() == []
        again = answered(await shop.try_check_out(order, "GIFT", key="out_again"))
        assert again.state is OrderState.PAYING

    in_shop(story, GIFT=500, SPENT=0)


def test_the_same_check_out_again_asks_for_no_code_anew() -> None:
    """By then this very order has spent it."""

    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        first = answered(await shop.try_check_out(order, "GIFT"))
        again = answered(await shop.try_check_out(order, "GIFT"))
        assert (again.payment_id, again.charges) == (first.payment_id, first.charges)

    in_shop(story, GIFT=500)


def test_a_voucher_that_was_spent_between_check_and_payment_ends_the_order_and_frees_its_seats() -> None:
    async def story(shop: Shop) -> None:
        order = await shop.ordered("A-1")
        check = shop.world.payments.vouchers.check

        async def slow(*asked: object) -> object:
            found = await check(*asked)  # type: ignore[arg-type]
            shop.world.payments.vouchers.balances["GIFT"] = 0  # somebody else was faster
            return found

        shop.world.payments.vouchers.check = slow  # type: ignore[method-assign, assignment]
        await shop.try_check_out(order, "GIFT")
        ended = await shop.ended(order)
        assert (ended.state, ended.cancel_reason) == (OrderState.CANCELLED, CancelReason.PAYMENT_FAILED)
        assert shop.world.inventory.is_free(SHOW, "A-1")

    in_shop(story, GIFT=500)


def test_what_a_payment_took_comes_back_with_its_end() -> None:
    async def story(shop: Shop) -> None:
        order = answered(await shop.try_check_out(await shop.ordered("A-1"), "GIFT"))
        shop.world.payments.decline(shop.payment(order))
        await shop.ended(order)
        assert shop.world.payments.vouchers.balances == {"GIFT": 500}

    in_shop(story, GIFT=500)
