"""The record of the integration: accounts, syncs, how everybody stands, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.contracts.pages import Place
from services.integrations.mailchimp.domain.account import Account
from services.integrations.mailchimp.domain.audience_sync import AudienceSync
from services.integrations.mailchimp.domain.membership import Member, Problem, There
from services.integrations.mailchimp.domain.news import News
from services.runtime.outbound.port import Dispatch, Target


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is, in customers."""

    consented: int
    done: int
    waiting: int
    problems: Mapping[Problem, int]
    moved_at_ms: int
    first_done: bool


@dataclass(frozen=True, slots=True)
class Troubled:
    """Somebody who has consented and is no subscriber."""

    customer_id: str
    problem: Problem
    since_ms: int


@dataclass(frozen=True, slots=True)
class OptOut:
    """A no said there that customers is still to be told: `consent_ids` are what led to that audience."""

    house_id: str
    list_id: str
    customer_id: str
    consent_ids: tuple[str, ...]
    said_at_ms: int


@dataclass(frozen=True, slots=True)
class Audience:
    """What is kept of an audience itself. `secret`: the end of the address that MailChimp tells us under."""

    list_id: str
    secret: str
    is_two_way: bool
    compared_at_ms: int
    compared_whole_at_ms: int

    def told_both_ways(self, two_way: bool) -> Audience:
        """As the house has chosen."""
        return replace(self, is_two_way=two_way)

    def compared(self, at_ms: int, *, is_whole: bool) -> Audience:
        """After a comparison has begun."""
        return replace(
            self, compared_at_ms=at_ms, compared_whole_at_ms=at_ms if is_whole else self.compared_whole_at_ms
        )


class Members(Protocol):
    """Who stands how in one audience."""

    async def due(self, list_id: str, shard: int, limit: int) -> Sequence[Member]:
        """Of whom something was heard that is not settled."""
        ...

    async def intend(self, list_id: str, intended: Sequence[Member]) -> frozenset[str]:
        """Keeps `there`, `subscriber` and `since_ms` before they are told; the ids of those unchanged meanwhile."""
        ...

    async def settle(self, list_id: str, settled: Sequence[Member]) -> None:
        """Keeps how they stand now, where nothing was heard meanwhile; who is not told yet stays due."""
        ...

    async def forget(self, list_id: str, gone: Sequence[Member]) -> None:
        """Nothing of them is kept any more, where nothing was heard meanwhile."""
        ...

    async def hear(self, list_id: str, told: Mapping[str, tuple[There, int]]) -> int:
        """MailChimp says how some stand, and since when; how many were news.

        A new no becomes an opt-out here where the audience is two-way.
        """
        ...

    async def rename(self, list_id: str, subscriber: str, became: str) -> None:
        """MailChimp calls somebody otherwise from now on."""
        ...

    async def seen(self, list_id: str, subscribers: Sequence[str], round_ms: int) -> None:
        """They were there in the comparison that began then."""
        ...

    async def miss(self, list_id: str, round_ms: int) -> int:
        """Whoever was to be there before a whole comparison and was not seen by it was removed there."""
        ...

    async def look_again(self, list_id: str) -> int:
        """Everybody is due anew: names, addresses and consents are compared with what was told."""
        ...


class StoreTransaction(Protocol):
    """Of one house; nothing happened without commit()."""

    @property
    def now_ms(self) -> int: ...

    @property
    def members(self) -> Members: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None: ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None: ...

    async def account(self) -> Account | None: ...

    async def key(self) -> str:
        """The account's key, opened."""
        ...

    async def set_account(self, account: Account, key: str) -> None: ...

    async def sync(self, sync_id: str, *, lock: bool = False) -> AudienceSync | None: ...

    async def syncs(self, list_id: str = "") -> Sequence[AudienceSync]:
        """All, archived ones too, the oldest first; of one audience where it is named."""
        ...

    async def page_syncs(self, after: Place | None, limit: int, *, archived: bool) -> Sequence[AudienceSync]: ...

    async def add_sync(self, sync: AudienceSync) -> None:
        """With everybody who has given its consent, due."""
        ...

    async def save_sync(self, sync: AudienceSync) -> None:
        """With everybody whom it concerns, due."""
        ...

    async def audience(self, list_id: str) -> Audience | None: ...

    async def audiences(self) -> Sequence[Audience]: ...

    async def keep_audience(self, audience: Audience) -> None: ...

    async def finish_first(self, list_id: str) -> None:
        """Where nothing of an audience is due, its syncs have done their first round."""
        ...

    async def progress(self, sync: AudienceSync) -> Progress: ...

    async def troubled(self, sync: AudienceSync, after: Place | None, limit: int) -> Sequence[Troubled]: ...

    async def due_shards(self, list_id: str) -> Sequence[int]: ...

    async def retry_troubled(self, list_id: str) -> None:
        """Whoever MailChimp did not take is due again; those who said no themselves are not."""
        ...

    async def store_news(self, news: News) -> bool:
        """False: it is there already."""
        ...

    async def news(self, limit: int) -> Sequence[News]:
        """What is not worked off, the oldest first."""
        ...

    async def news_done(self, news: Sequence[News]) -> None: ...

    async def opt_outs(self, limit: int) -> Sequence[OptOut]: ...

    async def opt_out_done(self, done: OptOut) -> None: ...

    async def put(self, dispatches: Sequence[Dispatch]) -> None:
        """In the outbound queue: of a key that waits only the newest is sent."""
        ...

    async def mend(self, target: Target) -> None: ...

    def record_act(self, act: Act) -> None: ...

    async def commit(self) -> None: ...


class MailchimpStore(Protocol):
    """Opens transactions, and knows which houses have something to do."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[StoreTransaction]: ...

    async def houses_due(self) -> Sequence[tuple[str, str]]:
        """House and audience, where members are due."""
        ...

    async def houses_with_news(self) -> Sequence[str]: ...

    async def houses_with_opt_outs(self) -> Sequence[str]: ...

    async def audiences_to_compare(self, before_ms: int) -> Sequence[tuple[str, str]]:
        """Two-way and one-way ones, last compared before then."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int: ...

    async def purge_news(self, done_before_ms: int, limit: int) -> int: ...
