"""The keys that sign settlements: made when they are needed, one after the other, and kept for good."""

from __future__ import annotations

from collections.abc import Sequence

from services.reporting.ports.settlement_keys import SettlementKeys
from services.reporting.ports.settlement_signer import SettlementSigner
from services.runtime.clock import Clock
from services.runtime.signing_keys.rotation import RotationRule, SigningKey, next_signs_from, signing_now


class SettlementKeyRing:
    """Reads the keys anew for every settlement: they are few, and so are settlements."""

    def __init__(self, keys: SettlementKeys, signer: SettlementSigner, clock: Clock, rule: RotationRule) -> None:
        self._keys = keys
        self._signer = signer
        self._clock = clock
        self._rule = rule

    async def signing(self) -> SigningKey:
        """The key that signs now; the next one is made where it is time."""
        key = signing_now(await self._looked(), self._clock.now_ms())
        assert key is not None, "a look leaves a key that signs"
        return key

    async def all(self) -> Sequence[SigningKey]:
        """Every key that there ever was, the oldest first."""
        async with self._keys.transaction() as keys:
            return await keys.all()

    async def get(self, key_id: str) -> SigningKey | None:
        """The key of that id."""
        return next((key for key in await self.all() if key.key_id == key_id), None)

    async def _looked(self) -> Sequence[SigningKey]:
        async with self._keys.transaction() as keys:
            found = [*await keys.all()]
            if next_signs_from(found, self._rule, self._clock.now_ms()) is None:
                return found
            # Others may look at the same moment: the first does it, the rest find it done.
            found = [*await keys.lock()]
            now_ms = self._clock.now_ms()
            if (signs_from_ms := next_signs_from(found, self._rule, now_ms)) is not None:
                found.append(self._signer.new_key(now_ms, signs_from_ms))
                await keys.add(found[-1])
            return found
