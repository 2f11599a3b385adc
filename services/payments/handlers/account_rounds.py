"""What is done for accounts with providers now and then: keys that were refused are tried again; figures are told."""

from __future__ import annotations

from services.payments.handlers.open_accounts import OpenAccounts
from services.payments.handlers.provider_accounts import ProviderAccountHandler
from services.payments.ports.provider_account_store import ProviderAccountStore
from services.runtime.clock import Clock
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import PROVIDER_ACCOUNTS_LOCKED, PROVIDER_ACCOUNTS_SILENT

_log = get_logger("payments")

# Of one round, so that many changed secrets do not hold one transaction open for long.
RESEALED_AT_ONCE = 100
LOOK_SECONDS = 5.0


class AccountRounds:
    """One per process; several may run it: what it does may be done twice."""

    def __init__(
        self,
        store: ProviderAccountStore,
        handler: ProviderAccountHandler,
        opened: OpenAccounts,
        clock: Clock,
        *,
        locked_check_seconds: float,
    ) -> None:
        self._store = store
        self._handler = handler
        self._opened = opened
        self._clock = clock
        self._locked_check_ms = int(locked_check_seconds * 1000)
        self._look_seconds = min(LOOK_SECONDS, locked_check_seconds)
        self._checked_at_ms = 0

    async def run(self) -> None:
        """Until cancelled."""
        while await self._store.reseal(RESEALED_AT_ONCE):
            _log.info("credentials_sealed_anew")
        while True:
            await self.once()
            await self._clock.sleep(self._look_seconds)

    async def once(self) -> None:
        """Counts, and checks what is locked when its time has come."""
        locked = await self._store.locked()
        PROVIDER_ACCOUNTS_LOCKED.set(len(locked))
        PROVIDER_ACCOUNTS_SILENT.set(self._opened.silent)
        now_ms = self._clock.now_ms()
        if now_ms - self._checked_at_ms < self._locked_check_ms:
            return
        self._checked_at_ms = now_ms
        for account in locked:
            await self._handler.check(account.house_id, account.account_id)
