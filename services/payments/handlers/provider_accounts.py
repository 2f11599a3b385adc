"""Houses' accounts with payment providers: made, changed, given other credentials, checked and archived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from services.contracts.acts import Act
from services.contracts.changes import masked, refused_etag
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.contracts.payment_refusals import ProviderSilent
from services.payments.domain.account_refusals import (
    ProviderAccountArchived,
    ProviderAccountDiffers,
    ProviderAccountNotFound,
    ProviderKeyRefused,
    ProviderNotOffered,
    TooManyProviderAccounts,
)
from services.payments.domain.provider_account import (
    MAX_ACCOUNTS,
    AccountState,
    Choice,
    Credentials,
    ProviderAccount,
    ProviderKind,
    archived,
    changed,
    giving_way,
    is_test_key,
    locked,
    refused_credentials,
    rotated,
    tail_of,
    unlocked,
)
from services.payments.ports import Declined, Done, ProviderIdentity, Uncertain
from services.payments.ports.opens_providers import OpensProviders
from services.payments.ports.provider_account_store import ProviderAccountStore
from services.payments.ports.provider_accounts_transaction import ProviderAccountsTransaction
from services.runtime.clock import Clock
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.telemetry.logging import get_logger

_log = get_logger("payments")

_NAMES = {ProviderKind.SANDBOX: "The sandbox", ProviderKind.STRIPE: "Stripe", ProviderKind.MOLLIE: "Mollie"}
_THING = "provider_account"


@dataclass(frozen=True, slots=True)
class AccountPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    accounts: Sequence[ProviderAccount]
    next_page_token: str


class ProviderAccountHandler:
    """Whoever has providers.write changes something. `on_change` is called with the house and the account."""

    def __init__(
        self,
        store: ProviderAccountStore,
        opens: OpensProviders,
        *,
        clock: Clock,
        ids: Ids,
        on_change: Callable[[str, str], None],
    ) -> None:
        self._store = store
        self._opens = opens
        self._clock = clock
        self._ids = ids
        self._on_change = on_change

    async def create(
        self,
        asked: Asked[ProviderAccount],
        house_id: str,
        provider: ProviderKind,
        choice: Choice,
        credentials: Credentials,
    ) -> bytes | Refusal:
        """Refusals: ProviderNotOffered, ProviderKeyRefused, ProviderSilent, TooManyProviderAccounts, key reused."""
        if not self._opens.offers(provider):
            return ProviderNotOffered(_NAMES[provider])
        wanted = self._minted(house_id, provider, choice, credentials)
        identity = await self._identity(wanted, credentials)
        if isinstance(identity, Refusal):
            return identity
        account = replace(wanted, provider_ref=identity.ref, provider_name=identity.name)

        async def act(transaction: ProviderAccountsTransaction) -> ProviderAccount | Refusal:
            others = await transaction.accounts.lock_live()
            if len(others) >= MAX_ACCOUNTS:
                return TooManyProviderAccounts(MAX_ACCOUNTS)
            new = account if others else replace(account, choice=replace(choice, is_default=True))
            await _make_way(transaction, others, new)
            await transaction.accounts.add(new, credentials)
            facts = {"provider": provider.value, "is_test": str(new.is_test).lower()}
            transaction.record_act(Act("provider_account.created", _THING, new.account_id, facts=facts))
            return new

        answer = await answer_once(self._store.transaction(house_id), house_id, asked, act)
        self._on_change(house_id, account.account_id)
        return answer

    def _minted(
        self, house_id: str, provider: ProviderKind, choice: Choice, credentials: Credentials
    ) -> ProviderAccount:
        now_ms = self._clock.now_ms()
        return ProviderAccount(
            house_id=house_id,
            account_id=self._ids.new_id("pac"),
            provider=provider,
            choice=choice,
            is_test=is_test_key(provider, credentials.key),
            tail=tail_of(credentials.key),
            has_webhook_secret=bool(credentials.webhook_secret),
            provider_ref="",
            provider_name="",
            created_at_ms=now_ms,
            rotated_at_ms=now_ms,
        )

    async def update(
        self, house_id: str, account_id: str, etag: str, wanted: Choice, paths: frozenset[str]
    ) -> ProviderAccount | Refusal:
        """Refusals: ProviderAccountNotFound, ProviderAccountArchived, EtagStale."""
        async with self._store.transaction(house_id) as transaction:
            others = await transaction.accounts.lock_live()
            account = await _live(transaction, account_id)
            if isinstance(account, Refusal):
                return account
            after = changed(account, masked(account.choice, wanted, paths))
            if after == account:
                return account
            if refused := refused_etag("the account", etag, account.revision):
                return refused
            await _make_way(transaction, [one for one in others if one.account_id != account_id], after)
            await transaction.accounts.save(after)
            names = ",".join(sorted(paths))
            transaction.record_act(Act("provider_account.changed", _THING, account_id, facts={"fields": names}))
            await transaction.commit()
        self._on_change(house_id, account_id)
        return after

    async def rotate(
        self, asked: Asked[ProviderAccount], house_id: str, account_id: str, credentials: Credentials
    ) -> bytes | Refusal:
        """Refusals: those of an account that is not live, ProviderKeyRefused, ProviderSilent, ProviderAccountDiffers.

        Another account's key is refused: what was paid at this one would be lost from sight.
        """
        account = await self._found(house_id, account_id)
        if isinstance(account, Refusal):
            return account
        if refused := refused_credentials("credentials.", account.provider, credentials):
            return refused
        identity = await self._identity(account, credentials)
        if isinstance(identity, Refusal):
            return identity
        is_test = is_test_key(account.provider, credentials.key)
        if identity.ref != account.provider_ref or is_test != account.is_test:
            return ProviderAccountDiffers(_named(account.provider_ref, account.is_test), _named(identity.ref, is_test))

        async def act(transaction: ProviderAccountsTransaction) -> ProviderAccount | Refusal:
            account = await _live(transaction, account_id)
            if isinstance(account, Refusal):
                return account
            kept = rotated(await transaction.accounts.credentials(account_id), credentials, transaction.now_ms)
            after = replace(
                unlocked(account),
                tail=tail_of(kept.key),
                has_webhook_secret=bool(kept.webhook_secret),
                provider_name=identity.name,
                rotated_at_ms=transaction.now_ms,
                revision=account.revision + 1,
            )
            await transaction.accounts.set_credentials(after, kept)
            transaction.record_act(Act("provider_account.credentials_rotated", _THING, account_id))
            return after

        answer = await answer_once(self._store.transaction(house_id), house_id, asked, act)
        self._on_change(house_id, account_id)
        return answer

    async def check(self, house_id: str, account_id: str) -> ProviderAccount | Refusal:
        """Asks now, whoever asks: a person of the house, or the round over locked accounts.

        Refusals: ProviderAccountNotFound, ProviderAccountArchived, ProviderSilent.
        """
        async with self._store.transaction(house_id) as transaction:
            account = await _live(transaction, account_id)
            if isinstance(account, Refusal):
                return account
            credentials = await transaction.accounts.credentials(account_id)
        identity = await self._identity(account, credentials)
        if isinstance(identity, ProviderSilent):
            return identity
        note = identity.note if isinstance(identity, ProviderKeyRefused) else ""
        return await self._let_in(house_id, account, note)

    async def _let_in(self, house_id: str, asked: ProviderAccount, note: str) -> ProviderAccount | Refusal:
        """Locks by a note and unlocks without one, unless the credentials were changed since they were asked about."""
        async with self._store.transaction(house_id) as transaction:
            account = await _live(transaction, asked.account_id)
            if isinstance(account, Refusal) or account.rotated_at_ms != asked.rotated_at_ms:
                return account
            after = locked(account, note, transaction.now_ms) if note else unlocked(account)
            if after == account:
                return account
            await transaction.accounts.save(after)
            act = "provider_account.locked" if note else "provider_account.unlocked"
            transaction.record_act(Act(act, _THING, account.account_id), by_nobody=True)
            await transaction.commit()
        log = _log.error if note else _log.info
        log("provider_account_locked" if note else "provider_account_unlocked", account_id=account.account_id)
        self._on_change(house_id, account.account_id)
        return after

    async def archive(self, house_id: str, account_id: str) -> ProviderAccount | Refusal:
        """Refusals: ProviderAccountNotFound."""
        async with self._store.transaction(house_id) as transaction:
            account = await transaction.accounts.lock(account_id)
            if account is None:
                return ProviderAccountNotFound(account_id)
            after = archived(account, transaction.now_ms)
            if after != account:
                await transaction.accounts.save(after)
                transaction.record_act(Act("provider_account.archived", _THING, account_id))
                await transaction.commit()
        self._on_change(house_id, account_id)
        return after

    async def get(self, house_id: str, account_id: str) -> ProviderAccount | Refusal:
        """Refusals: ProviderAccountNotFound."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.accounts.find(account_id) or ProviderAccountNotFound(account_id)

    async def page(self, house_id: str, asked: AskedPage, *, archived: bool) -> AccountPage:
        """Of a house."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.accounts.page(asked, archived=archived)
        page = found[: asked.size]
        token = ""
        if len(found) > asked.size:
            token = token_after(house_id, page[-1].account_id, page[-1].created_at_ms)
        return AccountPage(page, token)

    async def _found(self, house_id: str, account_id: str) -> ProviderAccount | Refusal:
        async with self._store.transaction(house_id) as transaction:
            return await _live(transaction, account_id)

    async def _identity(self, account: ProviderAccount, credentials: Credentials) -> ProviderIdentity | Refusal:
        """Whose account the key opens, by one harmless question; ProviderKeyRefused, ProviderSilent."""
        provider = self._opens.open(account, credentials)
        try:
            outcome = await provider.check()
        finally:
            await provider.close()
        name = _NAMES[account.provider]
        match outcome:
            case Done(identity) if identity.is_test == account.is_test:
                return identity
            case Done():
                return ProviderKeyRefused(name, "the key's mode is not the one that it is named after")
            case Declined(code):
                return ProviderKeyRefused(name, code)
            case Uncertain(why):
                return ProviderSilent(name, why)


async def _live(transaction: ProviderAccountsTransaction, account_id: str) -> ProviderAccount | Refusal:
    account = await transaction.accounts.lock(account_id)
    if account is None:
        return ProviderAccountNotFound(account_id)
    return ProviderAccountArchived(account_id) if account.state is AccountState.ARCHIVED else account


async def _make_way(
    transaction: ProviderAccountsTransaction, others: Sequence[ProviderAccount], to: ProviderAccount
) -> None:
    """What one account is the default for from now on, the others are not."""
    for other in others:
        after = giving_way(other, to.choice)
        if after != other:
            await transaction.accounts.save(after)


def _named(ref: str, is_test: bool) -> str:
    return f"{ref} ({'test' if is_test else 'live'})"
