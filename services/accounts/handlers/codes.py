"""Takes a code of the second factor: of the app, or a recovery code; each once."""

from __future__ import annotations

import dataclasses

from services.accounts.domain.second_factor import SecondFactor, plain_code, recovery_hash, step_of
from services.accounts.ports.transaction import AccountsTransaction


async def takes_code(transaction: AccountsTransaction, factor: SecondFactor, code: str) -> bool:
    """Whether the code is good. It is so no longer once the transaction is committed; the factor is locked."""
    step = step_of(factor, plain_code(code), transaction.now_ms)
    if step is not None:
        await transaction.second_factors.save(dataclasses.replace(factor, last_step=step))
        return True
    return await transaction.second_factors.take_recovery_code(factor.person_id, recovery_hash(factor.person_id, code))
