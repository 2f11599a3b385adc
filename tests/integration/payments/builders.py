"""What stores of payments need beside their database."""

from __future__ import annotations

from services.payments.adapters.voucher_rows import VoucherRows
from services.runtime.ids import RandomIds
from services.runtime.seal import Seal


def voucher_rows() -> VoucherRows:
    """Vouchers sealed with a secret of the tests' own."""
    return VoucherRows(ids=RandomIds(), seal=Seal(["a secret of the tests' own"], owner="payments"))
