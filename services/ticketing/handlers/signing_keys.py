"""The keys that sign ticket codes: made, announced, used and told in time, by whichever process comes first."""

from __future__ import annotations

from collections.abc import Sequence

from services.contracts.ticket_codes import CodeFacts
from services.runtime.clock import Clock
from services.runtime.signing_keys.rotation import RotationRule, SigningKey, next_signs_from, signing_now
from services.ticketing.domain.signing_key import CheckingKey, checking_keys
from services.ticketing.ports.code_signer import CodeSigner
from services.ticketing.ports.store import TicketingStore


class KeyRing:
    """One a process. What it has read of the keys is looked at again by `run`, and when none of it signs."""

    def __init__(
        self,
        store: TicketingStore,
        signer: CodeSigner,
        clock: Clock,
        *,
        rule: RotationRule,
        check_ms: int,
        look_seconds: float,
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._rule = rule
        self._check_ms = check_ms
        self._look_seconds = look_seconds
        self._keys: Sequence[SigningKey] = ()

    async def signing_key(self) -> SigningKey:
        """The key that signs now."""
        key = signing_now(self._keys, self._clock.now_ms())
        if key is None:
            await self.look()
            # Later than before the look: the first key signs from the moment it was made.
            key = signing_now(self._keys, self._clock.now_ms())
            assert key is not None, "a look leaves a key that signs"
        return key

    def signed(self, key: SigningKey, facts: Sequence[CodeFacts]) -> list[str]:
        """A code for each, in their order. Their key_id must be the key's."""
        return self._signer.signed(key, facts)

    async def checking(self) -> list[CheckingKey]:
        """Those whose codes are good now and the one that signs next, as the store has them."""
        await self.look()
        return checking_keys(self._keys, self._check_ms, self._clock.now_ms())

    async def look(self) -> None:
        """Reads the keys; makes the next one where it is time."""
        async with self._store.transaction() as transaction:
            keys = [*await transaction.signing_keys.all()]
            if next_signs_from(keys, self._rule, transaction.now_ms) is not None:
                # Others may look at the same moment: the first does it, the rest find it done.
                keys = [*await transaction.signing_keys.lock()]
                # Later than the beginning: what somebody else has made while this one waited signs by now.
                now_ms = self._clock.now_ms()
                if (signs_from_ms := next_signs_from(keys, self._rule, now_ms)) is not None:
                    keys.append(self._signer.new_key(now_ms, signs_from_ms))
                    await transaction.signing_keys.add(keys[-1])
                    await transaction.commit()
        self._keys = keys

    async def run(self) -> None:
        """Looks from time to time, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(self._look_seconds)
