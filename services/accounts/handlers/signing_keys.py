"""The keys that sign tokens: made, announced, used and forgotten in time, by whichever process comes first."""

from __future__ import annotations

from collections.abc import Sequence

from services.accounts.domain.signing_key import forgotten
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.token_signer import TokenFacts, TokenSigner
from services.runtime.clock import Clock
from services.runtime.signing_keys.rotation import RotationRule, SigningKey, next_signs_from, signing_now


class KeyRing:
    """One a process. What it has read of the keys is looked at again by `run`, and when none of it signs any more."""

    def __init__(
        self, store: AccountsStore, signer: TokenSigner, clock: Clock, *, rule: RotationRule, look_seconds: float
    ) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock
        self._rule = rule
        self._look_seconds = look_seconds
        self._keys: Sequence[SigningKey] = ()

    async def signed(self, facts: TokenFacts) -> str:
        """The token, by the key that signs now."""
        key = signing_now(self._keys, self._clock.now_ms())
        if key is None:
            await self.look()
            # Later than before the look: the first key signs from the moment it was made.
            key = signing_now(self._keys, self._clock.now_ms())
            assert key is not None, "a look leaves a key that signs"
        return self._signer.signed(key, facts)

    async def public_keys(self) -> Sequence[SigningKey]:
        """Those whose tokens are good now and the one that signs next, as the store has them."""
        await self.look()
        return self._keys

    async def look(self) -> None:
        """Reads the keys; makes the next one and forgets old ones where it is time."""
        async with self._store.transaction() as transaction:
            keys, now_ms = await transaction.signing_keys.all(), transaction.now_ms
            if next_signs_from(keys, self._rule, now_ms) is not None or forgotten(keys, now_ms):
                # Others may look at the same moment: the first does it, the rest find it done.
                keys = [*await transaction.signing_keys.lock()]
                # Later than the beginning: what somebody else has made while this one waited signs by now.
                now_ms = self._clock.now_ms()
                for key in forgotten(keys, now_ms):
                    await transaction.signing_keys.remove(key.key_id)
                    keys.remove(key)
                if (signs_from_ms := next_signs_from(keys, self._rule, now_ms)) is not None:
                    keys.append(self._signer.new_key(now_ms, signs_from_ms))
                    await transaction.signing_keys.add(keys[-1])
                await transaction.commit()
        self._keys = keys

    async def withdraw(self, key_id: str) -> None:
        """Takes the key out of use at once; another one signs from now on. What it has signed is void."""
        async with self._store.transaction() as transaction:
            keys = [key for key in await transaction.signing_keys.lock() if key.key_id != key_id]
            now_ms = transaction.now_ms
            await transaction.signing_keys.remove(key_id)
            if signing_now(keys, now_ms) is None:
                keys.append(self._signer.new_key(now_ms, now_ms))
                await transaction.signing_keys.add(keys[-1])
            transaction.revoke_key(key_id)
            await transaction.commit()
        self._keys = keys

    async def run(self) -> None:
        """Looks from time to time, until cancelled."""
        while True:
            await self.look()
            await self._clock.sleep(self._look_seconds)
