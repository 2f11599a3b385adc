"""Resellers' API keys: made, rotated and withdrawn by houses, exchanged by resellers for tokens."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.api_key import (
    MAX_LIVE_OF_A_HOUSE,
    MAX_LIVE_OF_A_RESELLER,
    TOUCH_MS,
    ApiKey,
    KeyScope,
    key_parts,
)
from services.accounts.domain.attempts import AttemptRule, after_attempt, refused_attempt
from services.accounts.domain.refusals import KeyNotFound, KeyRefused, ResellerNotFound, TooManyKeys, TwoKeysLive
from services.accounts.domain.session import hash_of
from services.accounts.domain.signing_key import TOKEN_SECONDS
from services.accounts.handlers.once import once
from services.accounts.handlers.sessions import IssuedToken
from services.accounts.handlers.signing_keys import KeyRing
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.token_signer import TokenFacts
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.acts import Act
from services.contracts.once import Asked
from services.contracts.pages import AskedPage, token_after
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.principal import HouseRoles, Principal, PrincipalKind


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which exists nowhere else and is told this once."""

    key: ApiKey
    secret: str


@dataclass(frozen=True, slots=True)
class KeyPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    keys: Sequence[ApiKey]
    next_page_token: str


class ApiKeyHandler:
    """`rule` is how often a wrong key may be tried; whoever has a right one is never kept out by who guesses."""

    def __init__(self, store: AccountsStore, signer: KeyRing, ids: Ids, rule: AttemptRule) -> None:
        self._store = store
        self._signer = signer
        self._ids = ids
        self._rule = rule

    async def create(self, asked: Asked[NewKey], house_id: str, name: str, scope: KeyScope) -> bytes | Refusal:
        """Of a new reseller. Refusals: HouseNotFound, TooManyKeys, IdempotencyKeyReused.

        `asked` keeps an answer without the secret: nothing that could be read later has it.
        """

        async def act(transaction: AccountsTransaction) -> NewKey | Refusal:
            if await transaction.houses.lock(house_id) is None:
                return HouseNotFound(house_id)
            return await self._made(transaction, house_id, self._ids.new_id("rsl"), name, scope)

        return await once(self._store, house_id, asked, act, house_id=house_id)

    async def rotate(self, asked: Asked[NewKey], house_id: str, key_id: str) -> bytes | Refusal:
        """Refusals: HouseNotFound, KeyNotFound, TwoKeysLive, TooManyKeys, IdempotencyKeyReused."""

        async def act(transaction: AccountsTransaction) -> NewKey | Refusal:
            # Locked: two rotations at the same moment are both counted.
            if await transaction.houses.lock(house_id) is None:
                return HouseNotFound(house_id)
            old = await transaction.api_keys.find(house_id, key_id)
            if old is None or not old.is_live:
                return KeyNotFound(key_id)
            live = [one for one in await transaction.api_keys.live(house_id) if one.reseller_id == old.reseller_id]
            if len(live) >= MAX_LIVE_OF_A_RESELLER:
                return TwoKeysLive()
            return await self._made(transaction, house_id, old.reseller_id, old.reseller_name, old.scope)

        return await once(self._store, house_id, asked, act, house_id=house_id)

    async def _made(
        self, transaction: AccountsTransaction, house_id: str, reseller_id: str, name: str, scope: KeyScope
    ) -> NewKey | Refusal:
        if len(await transaction.api_keys.live(house_id)) >= MAX_LIVE_OF_A_HOUSE:
            return TooManyKeys(MAX_LIVE_OF_A_HOUSE)
        secret, key_id = self._ids.new_secret(), self._ids.new_id("key")
        key = ApiKey(house_id, key_id, reseller_id, name, hash_of(secret), scope, transaction.now_ms)
        await transaction.api_keys.add(key)
        await transaction.record_act(house_id, _act("key.made", key))
        return NewKey(key, key.written(secret))

    async def withdraw(self, house_id: str, key_id: str) -> ApiKey | Refusal:
        """Tokens that it was exchanged for are void. Withdrawing twice is fine. Refusals: KeyNotFound."""
        async with self._store.transaction(house_id) as transaction:
            await transaction.houses.lock(house_id)
            key = await transaction.api_keys.find(house_id, key_id)
            if key is None:
                return KeyNotFound(key_id)
            if key.is_live:
                await transaction.api_keys.withdraw(house_id, key_id, transaction.now_ms)
                await transaction.record_act(house_id, _act("key.withdrawn", key))
                await transaction.commit()
                key = dataclasses.replace(key, withdrawn_at_ms=transaction.now_ms)
        # By a transaction that begins after the withdrawal is known: whoever still found the key live signed before it.
        async with self._store.transaction() as transaction:
            # The other key of the same reseller goes on.
            transaction.revoke(key.reseller_id, key.key_id)
            await transaction.commit()
        return key

    async def page(self, house_id: str, asked: AskedPage, *, include_withdrawn: bool) -> KeyPage:
        """The house's own; a house that is unknown has none."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.api_keys.page(house_id, asked.after, asked.size + 1, withdrawn=include_withdrawn)
        page = found[: asked.size]
        if len(found) == len(page):
            return KeyPage(page, "")
        return KeyPage(page, token_after(house_id, page[-1].key_id, page[-1].created_at_ms))

    async def scope(self, house_id: str, reseller_id: str) -> KeyScope | Refusal:
        """Of the newest good key. Refusals: ResellerNotFound, also for one of another house."""
        async with self._store.transaction(house_id) as transaction:
            live = [one for one in await transaction.api_keys.live(house_id) if one.reseller_id == reseller_id]
        return live[-1].scope if live else ResellerNotFound(reseller_id)

    async def exchange(self, written: str, address: str) -> IssuedToken | Refusal:
        """A token whose subject is the reseller. Refusals: KeyRefused, TooManyAttempts.

        Which part of a key is wrong is not told. Wrong ones are counted by the address that they come from, so that
        nobody keeps a reseller out by guessing at its key.
        """
        parts = key_parts(written)
        assert parts is not None, "what has not the form of a key is refused"
        key_id, secret = parts
        async with self._store.transaction() as transaction:
            now_ms = transaction.now_ms
            key = await transaction.api_keys.find_anywhere(key_id)
            if key is None or not key.proves(secret) or not key.is_live:
                return await self._refused(transaction, address or key_id)
            if key.last_used_at_ms is None or now_ms >= key.last_used_at_ms + TOUCH_MS:
                await transaction.api_keys.touch(key.house_id, key.key_id, now_ms)
                await transaction.commit()
        houses = (HouseRoles(key.house_id, frozenset()),)
        principal = Principal(PrincipalKind.RESELLER, key.reseller_id, houses)
        facts = TokenFacts(principal, now_ms, now_ms + TOKEN_SECONDS * 1000, key.key_id)
        return IssuedToken(await self._signer.signed(facts), facts.expires_at_ms)

    async def _refused(self, transaction: AccountsTransaction, source: str) -> Refusal:
        name = f"key:{source}"
        attempts = await transaction.log_in_attempts.lock(name)
        if refusal := refused_attempt(attempts, transaction.now_ms):
            return refusal
        await transaction.log_in_attempts.save(name, after_attempt(attempts, self._rule, transaction.now_ms))
        await transaction.commit()
        return KeyRefused()


def _act(done: str, key: ApiKey) -> Act:
    return Act(done, "key", key.key_id, facts={"reseller": key.reseller_id})
