"""Keeps an audience's webhook at MailChimp as the house has chosen: ours once where it is two-way, else none."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from services.integrations.mailchimp.ports.mailchimp import Access, Mailchimp
from services.integrations.mailchimp.ports.store import Audience, MailchimpStore
from services.runtime.outbound.port import Done, Exchange, Outcome, Settled, is_delivered


class Hooking:
    """`public_url` is where MailChimp finds this service's HTTP port."""

    def __init__(self, store: MailchimpStore, mailchimp: Mailchimp, public_url: str) -> None:
        self._store = store
        self._mailchimp = mailchimp
        self._public_url = public_url.rstrip("/")

    async def hook_up(self, access: Access, list_id: str) -> tuple[Outcome, Sequence[Exchange]]:
        """Looks first: whoever was killed after asking asks for no second one."""
        house_id = access.target.house_id
        async with self._store.transaction(house_id) as transaction:
            audience = await transaction.audience(list_id)
        if audience is None:
            return Done(Settled.DROPPED, "nothing is kept in step with it"), ()
        answer = await self._mailchimp.hooks(access, list_id)
        exchanges = [answer.reply.exchange]
        if not is_delivered(answer.reply.outcome):
            return answer.reply.outcome, exchanges
        wanted = self.url_of(house_id, audience)
        ours = [hook for hook in answer.hooks if hmac.compare_digest(hook.url.encode(), wanted.encode())]
        outcome: Outcome = Done(Settled.DELIVERED, "it is as it is to be")
        for surplus in ours[1:] if audience.is_two_way else ours:
            reply = await self._mailchimp.unhook(access, list_id, surplus.hook_id)
            exchanges.append(reply.exchange)
            outcome = reply.outcome
            if not is_delivered(outcome) and not reply.is_missing:
                return outcome, exchanges
        if audience.is_two_way and not ours:
            reply = await self._mailchimp.hook_up(access, list_id, wanted)
            exchanges.append(reply.exchange)
            outcome = reply.outcome
        return outcome, exchanges

    def url_of(self, house_id: str, audience: Audience) -> str:
        """With a secret in it: MailChimp signs nothing."""
        return f"{self._public_url}/{house_id}/{audience.secret}"
