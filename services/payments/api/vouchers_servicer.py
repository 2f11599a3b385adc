"""balcon.payments.v1.VouchersService: requests to the handler, answers to messages. No rules."""
# ruff: noqa: N802 (the methods have gRPC's names)

from __future__ import annotations

from typing import Final

from balcon.payments.v1 import payments_service_pb2 as common
from balcon.payments.v1 import vouchers_pb2 as pb
from balcon.payments.v1.vouchers_pb2_grpc import VouchersServiceServicer

from services.contracts.bounds import MAX_TOTAL_MINOR, MAX_VOUCHER_CODE_CHARS, MAX_VOUCHER_CODES
from services.contracts.changes import etag_of
from services.contracts.money import refused_currency
from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import instant_ms, wire_instant, wire_instant_or_none, wire_money
from services.payments.api.payment_messages import charge_message
from services.payments.domain.charges import InstrumentKind
from services.payments.domain.voucher import MAX_NOTE, Entry, Voucher, VouchersWanted, refused_vouchers
from services.payments.handlers.vouchers import MadeVouchers, VoucherHandler
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_KINDS: Final = {
    InstrumentKind.VOUCHER: common.INSTRUMENT_VOUCHER,
    InstrumentKind.GIFT_CARD: common.INSTRUMENT_GIFT_CARD,
}
_FROM_WIRE: Final = {wire: kind for kind, wire in _KINDS.items()}


class VouchersServicer(VouchersServiceServicer):
    """See vouchers.proto."""

    def __init__(self, vouchers: VoucherHandler, clock: Clock) -> None:
        self._vouchers = vouchers
        self._clock = clock

    async def CreateVouchers(self, request: pb.CreateVouchersRequest, context: Context) -> pb.CreateVouchersResponse:
        kind = _FROM_WIRE.get(request.instrument)
        wanted = VouchersWanted(
            kind=kind or InstrumentKind.VOUCHER,
            currency=request.value.currency,
            value_minor=request.value.amount_minor,
            count=request.count or 1,
            valid_from_ms=instant_ms(request.valid_from_at) or None,
            valid_until_ms=instant_ms(request.valid_until_at) or None,
            note=request.note,
        )
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            _refused_kind(request.instrument),
            refused_vouchers(wanted, self._clock.now_ms()),
        )

        def kept(made: MadeVouchers) -> pb.CreateVouchersResponse:
            return pb.CreateVouchersResponse(vouchers=[pb.MadeVoucher(voucher=_message(one)) for one in made.vouchers])

        written = answered(await self._vouchers.create(asked_once(request, kept), request.house_id, wanted))
        response = pb.CreateVouchersResponse.FromString(written)
        codes = await self._vouchers.codes(request.house_id, [one.voucher.voucher_id for one in response.vouchers])
        for made in response.vouchers:
            made.code = codes[made.voucher.voucher_id]
        return response

    async def GetVoucher(self, request: pb.GetVoucherRequest, context: Context) -> pb.GetVoucherResponse:
        voucher = await self._vouchers.get(*_named(request))
        return pb.GetVoucherResponse(voucher=_message(answered(voucher)))

    async def FindVoucher(self, request: pb.FindVoucherRequest, context: Context) -> pb.FindVoucherResponse:
        code = refused_text("code", request.code, at_most=MAX_VOUCHER_CODE_CHARS)
        accept(refused_key("house_id", request.house_id), code)
        voucher = answered(await self._vouchers.find(request.house_id, request.code))
        return pb.FindVoucherResponse(voucher=_message(voucher))

    async def RevealVoucherCode(
        self, request: pb.RevealVoucherCodeRequest, context: Context
    ) -> pb.RevealVoucherCodeResponse:
        return pb.RevealVoucherCodeResponse(code=answered(await self._vouchers.reveal(*_named(request))))

    async def ListVouchers(self, request: pb.ListVouchersRequest, context: Context) -> pb.ListVouchersResponse:
        house = refused_key("house_id", request.house_id)
        asked = answered(asked_page(request.page_size, request.page_token, request.house_id, house))
        page = await self._vouchers.page(request.house_id, asked)
        found = [_message(one) for one in page.vouchers]
        return pb.ListVouchersResponse(vouchers=found, next_page_token=page.next_page_token)

    async def ListVoucherEntries(
        self, request: pb.ListVoucherEntriesRequest, context: Context
    ) -> pb.ListVoucherEntriesResponse:
        named = (refused_key("house_id", request.house_id), refused_key("voucher_id", request.voucher_id))
        asked = answered(asked_page(request.page_size, request.page_token, request.house_id, *named))
        page = answered(await self._vouchers.entries(request.house_id, request.voucher_id, asked))
        entries = [_entry(one, page.currency) for one in page.entries]
        return pb.ListVoucherEntriesResponse(entries=entries, next_page_token=page.next_page_token)

    async def StopVoucher(self, request: pb.StopVoucherRequest, context: Context) -> pb.StopVoucherResponse:
        reason = refused_text("reason", request.reason, at_most=MAX_NOTE)
        house_id, voucher_id = _named(request, reason)
        voucher = answered(await self._vouchers.stop(house_id, voucher_id, request.reason))
        return pb.StopVoucherResponse(voucher=_message(voucher))

    async def CorrectVoucher(self, request: pb.CorrectVoucherRequest, context: Context) -> pb.CorrectVoucherResponse:
        house_id, voucher_id = _named(
            request,
            refused_idempotency_key(request.idempotency_key),
            _refused_correction(request.amount.amount_minor),
            refused_currency("amount.currency", request.amount.currency),
            refused_text("reason", request.reason, at_most=MAX_NOTE),
        )

        def kept(voucher: Voucher) -> pb.CorrectVoucherResponse:
            return pb.CorrectVoucherResponse(voucher=_message(voucher))

        amount = request.amount
        written = await self._vouchers.correct(
            asked_once(request, kept), house_id, voucher_id, amount.amount_minor, amount.currency, request.reason
        )
        return pb.CorrectVoucherResponse.FromString(answered(written))

    async def CheckVouchers(self, request: pb.CheckVouchersRequest, context: Context) -> pb.CheckVouchersResponse:
        amount = request.amount
        accept(
            refused_key("house_id", request.house_id),
            refused_key("caller_id", request.caller_id),
            _refused_codes(request),
            _refused_amount(amount.amount_minor),
            refused_currency("amount.currency", amount.currency),
        )
        charges = answered(
            await self._vouchers.check(
                request.house_id, request.caller_id, list(request.codes), amount.amount_minor, amount.currency
            )
        )
        left_minor = amount.amount_minor - sum(one.amount_minor for one in charges)
        told = [charge_message(one, amount.currency, refunded_minor=0) for one in charges]
        return pb.CheckVouchersResponse(charges=told, left=wire_money(left_minor, amount.currency))


def _message(voucher: Voucher) -> pb.Voucher:
    return pb.Voucher(
        house_id=voucher.house_id,
        voucher_id=voucher.voucher_id,
        instrument=_KINDS[voucher.kind],
        value=wire_money(voucher.value_minor, voucher.currency),
        balance=wire_money(voucher.balance_minor, voucher.currency),
        code_tail=voucher.tail,
        valid_from_at=wire_instant_or_none(voucher.valid_from_ms),
        valid_until_at=wire_instant_or_none(voucher.valid_until_ms),
        is_stopped=voucher.is_stopped,
        note=voucher.note,
        refund_of_payment_id=voucher.refund_of,
        created_at=wire_instant(voucher.created_at_ms),
        etag=etag_of(voucher.revision),
    )


def _entry(entry: Entry, currency: str) -> pb.VoucherEntry:
    return pb.VoucherEntry(
        kind=pb.VoucherEntryKind.Value(f"VOUCHER_ENTRY_KIND_{entry.kind.value}"),
        amount=wire_money(entry.amount_minor, currency),
        entered_at=wire_instant(entry.at_ms),
        payment_id=entry.payment_id,
        reason=entry.reason,
        subject=entry.who,
    )


_Named = pb.GetVoucherRequest | pb.RevealVoucherCodeRequest | pb.StopVoucherRequest | pb.CorrectVoucherRequest


def _named(request: _Named, *more: FieldInvalid | None) -> tuple[str, str]:
    accept(refused_key("house_id", request.house_id), refused_key("voucher_id", request.voucher_id), *more)
    return request.house_id, request.voucher_id


def _refused_kind(wire: common.Instrument.ValueType) -> FieldInvalid | None:
    if wire in _FROM_WIRE:
        return None
    problem = f"{int(wire)} is not made by hand" if wire else UNSET
    return FieldInvalid("instrument", problem, "INSTRUMENT_VOUCHER or INSTRUMENT_GIFT_CARD")


def _refused_correction(amount_minor: int) -> FieldInvalid | None:
    if amount_minor and abs(amount_minor) <= MAX_TOTAL_MINOR:
        return None
    limit = f"up to {MAX_TOTAL_MINOR:,} minor units more or less"
    return FieldInvalid("amount.amount_minor", "changes nothing" if not amount_minor else "is too much", limit)


def _refused_amount(amount_minor: int) -> FieldInvalid | None:
    if 1 <= amount_minor <= MAX_TOTAL_MINOR:
        return None
    return FieldInvalid("amount.amount_minor", f"is {amount_minor:,}", f"1 to {MAX_TOTAL_MINOR:,} minor units")


def _refused_codes(request: pb.CheckVouchersRequest) -> FieldInvalid | None:
    """A code is never repeated in what is said about it."""
    limit = f"1 to {MAX_VOUCHER_CODES}, each of at most {MAX_VOUCHER_CODE_CHARS} characters"
    if not request.codes:
        return FieldInvalid("codes", UNSET, limit)
    if len(request.codes) > MAX_VOUCHER_CODES:
        return FieldInvalid("codes", f"has {len(request.codes)}", limit)
    if any(len(code) > MAX_VOUCHER_CODE_CHARS for code in request.codes):
        return FieldInvalid("codes", "has one that is too long", limit)
    return None
