"""The Vouchers over gRPC: payments, asked on this service's own account. No code is kept or logged here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import grpc
from balcon.payments.v1.payments_service_pb2 import GetPaymentRequest
from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceStub
from balcon.payments.v1.vouchers_pb2 import GetVoucherRequest, RevealVoucherCodeRequest
from balcon.payments.v1.vouchers_pb2_grpc import VouchersServiceStub

from services.runtime.call_context import own_account
from services.runtime.errors import Refusal
from services.ticketing.adapters.neighbour_answers import answer_of
from services.ticketing.domain.sold_order import GivenVoucher
from services.ticketing.ports.vouchers import VoucherNotMade

if TYPE_CHECKING:
    from balcon.payments.v1.payments_service_pb2_grpc import PaymentsServiceAsyncStub
    from balcon.payments.v1.vouchers_pb2_grpc import VouchersServiceAsyncStub


class GrpcRefundVouchers:
    """See Vouchers."""

    def __init__(self, to_payments: grpc.aio.Channel) -> None:
        self._payments: PaymentsServiceAsyncStub = PaymentsServiceStub(to_payments)
        self._vouchers: VouchersServiceAsyncStub = VouchersServiceStub(to_payments)

    async def made_by(
        self, house_id: str, payment_id: str, refund_ids: Sequence[str], *, is_owed: bool
    ) -> tuple[GivenVoucher, ...]:
        """See Vouchers.made_by."""
        with own_account():
            asked = self._payments.GetPayment(GetPaymentRequest(house_id=house_id, payment_id=payment_id))
            found = await answer_of(asked, {})
        assert not isinstance(found, Refusal), "none is expected"
        # Orders names a refund as payments' key of it.
        refunds = {refund.idempotency_key: refund for refund in found.payment.refunds}
        missing = [one for one in refund_ids if one not in refunds]
        if missing and is_owed:
            raise VoucherNotMade(payment_id=payment_id, refund_id=missing[0])
        shares = (share for one in refund_ids if one in refunds for share in refunds[one].shares)
        names = dict.fromkeys(share.voucher_id for share in shares if share.voucher_id)
        told = [await self._told(house_id, payment_id, voucher_id) for voucher_id in names]
        return tuple(one for one in told if one is not None)

    async def _told(self, house_id: str, payment_id: str, voucher_id: str) -> GivenVoucher | None:
        """None: it was there before, and whoever has it knows its code."""
        with own_account():
            look = self._vouchers.GetVoucher(GetVoucherRequest(house_id=house_id, voucher_id=voucher_id))
            found = await answer_of(look, {})
        assert not isinstance(found, Refusal), "none is expected"
        if found.voucher.refund_of_payment_id != payment_id:
            return None
        with own_account():
            ask = RevealVoucherCodeRequest(house_id=house_id, voucher_id=voucher_id)
            shown = await answer_of(self._vouchers.RevealVoucherCode(ask), {})
        assert not isinstance(shown, Refusal), "none is expected"
        return GivenVoucher(shown.code, found.voucher.balance.amount_minor)
