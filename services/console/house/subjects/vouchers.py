"""Vouchers and gift cards of the house, and what is on them."""

from __future__ import annotations

from typing import Final

from balcon.payments.v1 import vouchers_pb2

from services.console.house.command import Command, Subject

_SERVICE: Final = vouchers_pb2.DESCRIPTOR.services_by_name["VouchersService"]
_VOUCHER: Final = ("voucher_id",)
_COLUMNS: Final = ("voucher_id", "instrument", "value", "balance", "code_tail", "valid_until_at", "is_stopped", "note")

VOUCHERS: Final = Subject(
    "voucher",
    "Vouchers and gift cards: money on a code.",
    "payments",
    _SERVICE,
    (
        Command("create", "CreateVouchers", "Makes vouchers that are all alike, and tells their codes."),
        Command("list", "ListVouchers", "Lists the vouchers, without their codes.", columns=_COLUMNS),
        Command("show", "GetVoucher", "Shows a voucher and what is left on it.", arguments=_VOUCHER),
        Command("find", "FindVoucher", "Shows the voucher that a code is of.", arguments=("code",)),
        Command(
            "code", "RevealVoucherCode", "Tells the code once more; the act log has who asked.", arguments=_VOUCHER
        ),
        Command(
            "history",
            "ListVoucherEntries",
            "Lists what moved a voucher's balance.",
            arguments=_VOUCHER,
            columns=("entered_at", "kind", "amount", "payment_id", "reason", "subject"),
        ),
        Command("stop", "StopVoucher", "Lets nobody pay with it any more.", arguments=_VOUCHER),
        Command("correct", "CorrectVoucher", "Puts money on a voucher or takes some off.", arguments=_VOUCHER),
    ),
)
