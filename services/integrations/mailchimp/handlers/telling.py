"""Tells MailChimp how some members of one audience are to be, and keeps how each of them stands after that.

What is to be told is kept before it is told, and what came of it after: whoever is killed in between tells it again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from services.integrations.mailchimp.domain.membership import (
    Member,
    Problem,
    Step,
    There,
    intended,
    is_settled_by_absence,
    next_step,
    out_by,
    problem_of,
)
from services.integrations.mailchimp.domain.membership import heard as stands_after
from services.integrations.mailchimp.domain.profile import Profile
from services.integrations.mailchimp.ports.mailchimp import Access, Mailchimp, Reply
from services.integrations.mailchimp.ports.store import MailchimpStore
from services.runtime.outbound.port import Done, Exchange, Later, Locked, Settled

_WAS_IN = frozenset({There.SUBSCRIBED, There.PENDING, There.JOINED})
_NO_AUDIENCE = Done(Settled.REFUSED, "the audience is not there")


@dataclass
class Told:
    """What came of one chunk. `stop`: MailChimp is not to be asked on now; `later`: who waits for the next round."""

    exchanges: list[Exchange] = field(default_factory=list)
    later: set[str] = field(default_factory=set)
    stop: Later | Locked | Done | None = None

    def took(self, reply: Reply) -> bool:
        """Keeps the exchange; False for what is no answer, which ends the round."""
        self.exchanges.append(reply.exchange)
        if isinstance(reply.outcome, Later | Locked):
            self.stop = reply.outcome
        return self.stop is None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Members of one audience, each with what it is to be there."""

    house_id: str
    list_id: str
    access: Access
    members: Sequence[Member]
    profiles: Mapping[str, Profile]


class Telling:
    """One chunk after the other of one shard: nobody else tells of the same members at that time."""

    def __init__(self, store: MailchimpStore, mailchimp: Mailchimp) -> None:
        self._store = store
        self._mailchimp = mailchimp

    async def tell(self, chunk: Chunk, is_over: Callable[[], bool] = lambda: False) -> Told:
        """As much as MailChimp takes now. `is_over`: the time for it; the rest stays due."""
        told = Told()
        steps = {one.customer_id: next_step(one, chunk.profiles.get(one.customer_id)) for one in chunk.members}
        await self._settle(chunk, [(one, one) for one in chunk.members if steps[one.customer_id] is Step.NOTHING])
        await self._forget(chunk, [one for one in chunk.members if steps[one.customer_id] is Step.FORGET])
        kept = await self._intend(chunk, steps)
        await self._add(chunk, [one for one in kept if steps[one.customer_id] is Step.ADD], told)
        for member in kept:
            if told.stop is not None or is_over():
                break
            if steps[member.customer_id] is not Step.ADD:
                await self._one(chunk, member, steps[member.customer_id], told)
        return told

    async def _intend(self, chunk: Chunk, steps: Mapping[str, Step]) -> list[Member]:
        """Those of whom something is told now, as they are kept from here on."""
        told = [one for one in chunk.members if steps[one.customer_id] not in {Step.NOTHING, Step.FORGET}]
        if not told:
            return []
        async with self._store.transaction(chunk.house_id) as transaction:
            to_be = [
                intended(one, steps[one.customer_id], chunk.profiles.get(one.customer_id), transaction.now_ms)
                for one in told
            ]
            kept = await transaction.members.intend(chunk.list_id, to_be)
            await transaction.commit()
        return [one for one in to_be if one.customer_id in kept]

    async def _add(self, chunk: Chunk, members: Sequence[Member], told: Told) -> None:
        """New ones, all by one question. Who is there already, or in a question that failed whole, is told alone."""
        if not members:
            return
        profiles = [chunk.profiles[one.customer_id] for one in members]
        answer = await self._mailchimp.add(chunk.access, chunk.list_id, profiles)
        outcome = answer.reply.outcome
        is_known_undone = isinstance(outcome, Locked) or (isinstance(outcome, Later) and not outcome.is_uncertain)
        if not told.took(answer.reply) or answer.reply.is_missing:
            if answer.reply.is_missing:
                told.stop = _NO_AUDIENCE
            if is_known_undone or answer.reply.is_missing:
                await self._take_back(chunk, members)
            return
        after: list[tuple[Member, Member]] = []
        for member, profile in zip(members, profiles, strict=True):
            there, problem = answer.added.get(profile.subscriber), answer.refused.get(profile.subscriber)
            if there is not None:
                after.append((member, replace(_told(member, profile, there), tags=profile.tags)))
            elif problem is not None:
                after.append((member, _refused(member, profile, problem)))
        await self._settle(chunk, after)

    async def _take_back(self, chunk: Chunk, members: Sequence[Member]) -> None:
        """Nobody was told of: they are as new as they were."""
        async with self._store.transaction(chunk.house_id) as transaction:
            new = [replace(one, there=There.NOWHERE, subscriber="", since_ms=0) for one in members if not one.former]
            await transaction.members.intend(chunk.list_id, new)
            await transaction.commit()

    async def _one(self, chunk: Chunk, member: Member, step: Step, told: Told) -> None:
        """One member, by questions of its own."""
        match step:
            case Step.TELL:
                await self._tell(chunk, member, chunk.profiles[member.customer_id], told)
            case Step.ASK_AGAIN:
                reply = await self._mailchimp.ask_again(chunk.access, chunk.list_id, member.subscriber)
                if told.took(reply):
                    await self._settle(chunk, [(member, _asked(member, reply))])
            case Step.TAKE_OUT:
                await self._take_out(chunk, member, told)
            case Step.ERASE:
                await self._erase(chunk, member, told)
            case Step.NOTHING | Step.FORGET | Step.ADD:
                raise AssertionError(step)
            case _ as never:
                assert_never(never)

    async def _tell(self, chunk: Chunk, member: Member, profile: Profile, told: Told) -> None:
        access, list_id = chunk.access, chunk.list_id
        stays = list[str]()
        for former in member.former if member.there is There.TOLD else ():
            renamed = await self._mailchimp.rename(access, list_id, former, profile)
            if not told.took(renamed):
                return
            if renamed.problem is not None and not renamed.is_missing:
                # The new address is there by itself: the former one leaves, and is remembered for an erasure.
                stays.append(former)
                if not told.took(await self._mailchimp.take_out(access, list_id, former)):
                    return
        reply = await self._mailchimp.tell(access, list_id, profile)
        if not told.took(reply):
            return
        if reply.is_missing:
            told.stop = _NO_AUDIENCE
            return
        if reply.problem is not None:
            await self._settle(
                chunk, [(member, replace(_refused(member, profile, reply.problem), former=member.former))]
            )
            return
        assert reply.there is not None, "read with the answer"
        after = _told(member, profile, reply.there)
        if member.there is There.TOLD:
            after = replace(after, former=tuple(stays))
        if after.there in {There.SUBSCRIBED, There.PENDING}:
            tags = {tag: False for tag in member.tags if tag not in profile.tags} | dict.fromkeys(profile.tags, True)
            if tags and not told.took(await self._mailchimp.tag(access, list_id, after.subscriber, tags)):
                return
            after = replace(after, tags=profile.tags)
        await self._settle(chunk, [(member, after)])

    async def _take_out(self, chunk: Chunk, member: Member, told: Told) -> None:
        for former in member.former:
            if not told.took(await self._mailchimp.take_out(chunk.access, chunk.list_id, former)):
                return
        reply = await self._mailchimp.take_out(chunk.access, chunk.list_id, member.subscriber)
        if not told.took(reply):
            return
        there = There.TAKEN_OUT
        if reply.is_missing:
            if not await self._is_absent(chunk, member):
                # What was told may come yet: it is looked for again, and taken out then.
                told.later.add(member.customer_id)
                return
            there = There.REMOVED
        elif reply.problem is not None:
            # Not to be unsubscribed: it is no subscriber.
            there = out_by(reply.problem)
        await self._settle(chunk, [(member, replace(member, there=there, digest="", problem=None))])

    async def _erase(self, chunk: Chunk, member: Member, told: Told) -> None:
        for subscriber in (*member.former, member.subscriber):
            reply = await self._mailchimp.erase(chunk.access, chunk.list_id, subscriber)
            if not told.took(reply):
                return
            is_done = reply.is_missing or reply.problem is None
            if not is_done or (reply.is_missing and not await self._is_absent(chunk, member)):
                told.later.add(member.customer_id)
                return
        await self._forget(chunk, [member])

    async def _is_absent(self, chunk: Chunk, member: Member) -> bool:
        async with self._store.transaction(chunk.house_id) as transaction:
            return is_settled_by_absence(member, transaction.now_ms)

    async def _settle(self, chunk: Chunk, pairs: Sequence[tuple[Member, Member]]) -> None:
        """Keeps how they stand. A no of somebody who was in is news that customers may have to be told.

        One that is found with somebody who is told of for the first time is older than the consent.
        """
        if not pairs:
            return
        noes, kept = list[Member](), list[Member]()
        async with self._store.transaction(chunk.house_id) as transaction:
            for before, after in pairs:
                if after.there is There.UNSUBSCRIBED and before.there in _WAS_IN:
                    noes.append(replace(after, there=before.there))
                    continue
                profile = chunk.profiles.get(after.customer_id)
                since_ms = after.since_ms if after.there is before.there else transaction.now_ms
                now = replace(after, since_ms=since_ms)
                now = replace(now, problem=problem_of(now, profile))
                kept.append(replace(now, is_told=next_step(now, profile) is Step.NOTHING))
            await transaction.members.settle(chunk.list_id, [*kept, *noes])
            if noes:
                said = {one.subscriber: (There.UNSUBSCRIBED, transaction.now_ms) for one in noes}
                await transaction.members.hear(chunk.list_id, said)
            await transaction.commit()

    async def _forget(self, chunk: Chunk, members: Sequence[Member]) -> None:
        if not members:
            return
        async with self._store.transaction(chunk.house_id) as transaction:
            await transaction.members.forget(chunk.list_id, members)
            await transaction.commit()


def _told(member: Member, profile: Profile, there: There) -> Member:
    """After MailChimp has taken it: under the address that it has now."""
    now = stands_after(member, there) if there is There.UNSUBSCRIBED else there
    return replace(member, there=now, subscriber=profile.subscriber, digest=profile.digest(), problem=None)


def _asked(member: Member, reply: Reply) -> Member:
    """After the person was asked again: what else there is to tell follows."""
    if reply.is_missing:
        return replace(member, there=There.NOWHERE)
    if reply.problem is not None:
        return replace(member, there=There.UNSUBSCRIBED)
    return replace(member, there=reply.there or There.PENDING)


def _refused(member: Member, profile: Profile, problem: Problem) -> Member:
    """It is not tried again as it is."""
    return replace(member, there=out_by(problem), digest=profile.digest(), problem=problem)
