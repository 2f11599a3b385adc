"""Compares an audience with what is known of it: finds what a lost webhook has left, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.integrations.mailchimp.handlers.dispatching import comparison_due
from services.integrations.mailchimp.ports.mailchimp import PAGE, Access, Mailchimp
from services.integrations.mailchimp.ports.store import MailchimpStore
from services.runtime.outbound.port import Done, Exchange, Outcome, Settled, is_delivered

# Whoever is deleted there while it is compared moves all others up: the end of a page is looked at again.
_AGAIN: Final = 100


class Comparing:
    """One page a dispatch: the next is put with what this one has told, so a comparison goes on after a crash."""

    def __init__(self, store: MailchimpStore, mailchimp: Mailchimp) -> None:
        self._store = store
        self._mailchimp = mailchimp

    async def page(
        self, access: Access, list_id: str, *, since_ms: int, began_ms: int, offset: int
    ) -> tuple[Outcome, Sequence[Exchange]]:
        """`since_ms` 0: a whole one, which also finds who is there no more."""
        answer = await self._mailchimp.page(access, list_id, offset, since_ms)
        outcome = answer.reply.outcome
        if not is_delivered(outcome):
            return outcome, [answer.reply.exchange]
        house_id, found = access.target.house_id, answer.members
        async with self._store.transaction(house_id) as transaction:
            members = transaction.members
            news = await members.hear(list_id, {one.subscriber: (one.there, one.changed_at_ms) for one in found})
            if not since_ms:
                await members.seen(list_id, [one.subscriber for one in found], began_ms)
            if not answer.is_last:
                next_page = offset + PAGE - _AGAIN
                after = comparison_due(house_id, list_id, since_ms=since_ms, began_ms=began_ms, offset=next_page)
                await transaction.put([after])
            elif not since_ms:
                news += await members.miss(list_id, began_ms)
            await transaction.commit()
        return Done(Settled.DELIVERED, f"{len(found)} looked at, {news} were news"), [answer.reply.exchange]
