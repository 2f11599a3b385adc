"""The Vouchers over gRPC, at payments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc
from balcon.payments.v1.payments_service_pb2 import INSTRUMENT_GIFT_CARD
from balcon.payments.v1.vouchers_pb2 import CheckVouchersRequest
from balcon.payments.v1.vouchers_pb2_grpc import VouchersServiceStub

from services.contracts.voucher_refusals import CODE_REASONS
from services.contracts.wire_types import wire_money
from services.orders.adapters.grpc_answers import declined_or_raise
from services.orders.domain.order import Instrument, Order, OrderCharge
from services.orders.ports import Declined

if TYPE_CHECKING:
    from balcon.payments.v1.vouchers_pb2_grpc import VouchersServiceAsyncStub


class GrpcVouchers:
    """See Vouchers. Guesses are counted by the holder: a buyer may only name itself as one."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub: VouchersServiceAsyncStub = VouchersServiceStub(channel)

    async def check(self, order: Order, codes: Sequence[str]) -> tuple[OrderCharge, ...] | Declined:
        request = CheckVouchersRequest(
            house_id=order.house_id,
            codes=codes,
            amount=wire_money(order.to_pay_minor, order.total.currency),
            caller_id=order.holder_id,
        )
        try:
            told = await self._stub.CheckVouchers(request)
        except grpc.aio.AioRpcError as error:
            return declined_or_raise("CheckVouchers", error, CODE_REASONS)
        return tuple(
            OrderCharge(
                Instrument.GIFT_CARD if one.instrument == INSTRUMENT_GIFT_CARD else Instrument.VOUCHER,
                one.voucher_id,
                one.code_tail,
                one.amount.amount_minor,
            )
            for one in told.charges
        )
