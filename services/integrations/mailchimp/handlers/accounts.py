"""A house's account at MailChimp: set, shown without its key, asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.integrations.mailchimp.domain.account import Account, account_of
from services.integrations.mailchimp.domain.refusals import (
    MailchimpAccountMissing,
    MailchimpKeyRefused,
    MailchimpSilent,
)
from services.integrations.mailchimp.handlers.dispatching import target_of
from services.integrations.mailchimp.ports.mailchimp import Access, Mailchimp, Reply, TheirAudience
from services.integrations.mailchimp.ports.store import MailchimpStore
from services.runtime.errors import Refusal
from services.runtime.outbound.port import Locked, is_delivered


@dataclass(frozen=True, slots=True)
class Checked:
    """What MailChimp says of the account at this moment."""

    name: str
    audiences: Sequence[TheirAudience]


class AccountHandler:
    """Questions of people's own are asked at once, beside the queue: their answers are for whoever asks."""

    def __init__(self, store: MailchimpStore, mailchimp: Mailchimp) -> None:
        self._store = store
        self._mailchimp = mailchimp

    async def set(self, house_id: str, key: str) -> Account:
        """From here on this key is used; what was locked goes on."""
        async with self._store.transaction(house_id) as transaction:
            account = account_of(house_id, key, transaction.now_ms)
            await transaction.set_account(account, key)
            await transaction.mend(target_of(house_id))
            facts = {"data_centre": account.data_centre}
            transaction.record_act(Act("mailchimp_account.set", "mailchimp_account", house_id, facts=facts))
            await transaction.commit()
        return account

    async def get(self, house_id: str) -> Account | Refusal:
        """MailchimpAccountMissing."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.account() or MailchimpAccountMissing()

    async def check(self, house_id: str) -> Checked | Refusal:
        """Refusals: MailchimpAccountMissing, MailchimpKeyRefused, MailchimpSilent."""
        access = await self.access(house_id)
        if isinstance(access, Refusal):
            return access
        named = await self._mailchimp.name(access)
        if refusal := _refused(named.reply):
            return refusal
        found = await self.audiences(access)
        return found if isinstance(found, Refusal) else Checked(named.name, found)

    async def access(self, house_id: str) -> Access | Refusal:
        """MailchimpAccountMissing."""
        async with self._store.transaction(house_id) as transaction:
            account = await transaction.account()
            if account is None:
                return MailchimpAccountMissing()
            return Access(target_of(house_id), account.data_centre, await transaction.key())

    async def audiences(self, access: Access) -> Sequence[TheirAudience] | Refusal:
        """Refusals: MailchimpKeyRefused, MailchimpSilent."""
        answer = await self._mailchimp.audiences(access)
        return _refused(answer.reply) or answer.audiences


def _refused(reply: Reply) -> Refusal | None:
    outcome = reply.outcome
    if isinstance(outcome, Locked):
        return MailchimpKeyRefused(outcome.note)
    if is_delivered(outcome):
        return None
    return MailchimpSilent(outcome.note)
