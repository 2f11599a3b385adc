"""A scheduled report goes to each receiver once (R3.10): two workers at it, killed at any step, lines that drop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.reporting.domain.report_run import RunOutcome, SendState
from services.reporting.handlers.report_sending import RunInOtherHands, RunUnfinished
from services.runtime.testing.eventually import eventually
from tests.doubles.mail_server import MailServer
from tests.integration.reporting.schedule_stage import ANNA, BEN, HOUSE, MONDAY, Stage, ms


async def test_however_many_look_and_send_at_once_each_receiver_gets_one(stage: Stage, mail: MailServer) -> None:
    await stage.scheduled(ANNA, BEN)
    stage.clock.at_ms = ms(MONDAY)
    await asyncio.gather(*(stage.planner().look() for _ in range(4)))
    [run] = await stage.runs()
    answers = await asyncio.gather(*(stage.sender().send(HOUSE, run.run_id) for _ in range(4)), return_exceptions=True)
    assert {type(answer) for answer in answers} <= {type(None), RunInOtherHands}
    assert sorted(str(letter["To"]) for letter in mail.letters) == [ANNA, BEN]
    [run] = await stage.runs()
    assert run.outcome is RunOutcome.SENT


class EveryHand:
    """The store without its lock: everybody has every run in hand. The negative control."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def sole_hand(self, run_id: str) -> AsyncIterator[bool]:
        yield True


class SlowPost:
    """Holds every letter until two have come, or nobody else can come any more."""

    def __init__(self, post: Any) -> None:
        self._post = post
        self.came = 0
        self.both = asyncio.Event()

    async def send(self, *letter: Any) -> None:
        self.came += 1
        if self.came == 2:
            self.both.set()
        await self.both.wait()
        await self._post.send(*letter)


@pytest.mark.parametrize("has_lock", [True, False])
async def test_two_workers_at_one_run_send_it_once_and_without_the_lock_twice(
    stage: Stage, mail: MailServer, has_lock: bool
) -> None:
    await stage.scheduled(ANNA)
    stage.clock.at_ms = ms(MONDAY)
    await stage.planner().look()
    [run] = await stage.runs()
    stage.post = post = SlowPost(stage.post)
    store = stage.store if has_lock else EveryHand(stage.store)

    async def second() -> None:
        await eventually(lambda: post.came > 0)
        try:
            await stage.sender(store).send(HOUSE, run.run_id)
        except RunInOtherHands:
            post.both.set()

    await asyncio.gather(stage.sender(store).send(HOUSE, run.run_id), second(), return_exceptions=True)
    assert len(mail.to(ANNA)) == (1 if has_lock else 2)


class Killed(BaseException):
    """The process is gone: nothing is cleaned up that a transaction does not clean up."""


class Fuse:
    """Counts the steps of a send, and kills at one of them."""

    def __init__(self, store: Any, post: Any, at: int) -> None:
        self._store, self._post = store, post
        self.left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed

    @asynccontextmanager
    async def transaction(self, house_id: str) -> AsyncIterator[Any]:
        self.step()
        async with self._store.transaction(house_id) as transaction:
            yield transaction
        self.step()

    async def send(self, *letter: Any) -> None:
        self.step()
        await self._post.send(*letter)
        self.step()


async def test_killed_at_any_step_each_receiver_gets_it_once_in_effect(stage: Stage, mail: MailServer) -> None:
    await stage.scheduled(ANNA, BEN, days=range(1, 8))
    post, kills, at = stage.post, 0, 1
    stage.clock.at_ms = ms(MONDAY)
    while True:
        mail.letters.clear()
        await stage.planner().look()
        stage.post = fuse = Fuse(stage.store, post, at)
        try:
            await stage.send(stage.sender(fuse))
        except Killed:
            kills += 1
        stage.post = post
        # Whoever takes it up: also a second time, where a line may have left.
        await stage.send()
        run = (await stage.runs())[-1]
        assert {line.state for line in run.lines} == {SendState.SENT}, at
        shown = {letter["Message-ID"]: str(letter["To"]) for letter in mail.letters}
        assert sorted(shown.values()) == [ANNA, BEN], at
        assert max(mail.copies().values()) <= 2, at
        if fuse.left > 0:
            break
        at += 1
        stage.clock.at_ms += 86_400_000
    assert kills == at - 1 > 10


async def test_cut_off_twice_in_mid_send_it_is_not_sent_a_third_time(stage: Stage, mail: MailServer) -> None:
    await stage.scheduled(ANNA)
    stage.clock.at_ms = ms(MONDAY)
    await stage.planner().look()
    post = stage.post
    for _ in range(2):
        stage.post = fuse = Fuse(stage.store, post, 0)

        async def killed_after(*letter: Any) -> None:
            await post.send(*letter)
            raise Killed

        fuse.send = killed_after  # type: ignore[method-assign]
        with pytest.raises(Killed):
            await stage.send()
    stage.post = post
    await stage.send()
    [run] = await stage.runs()
    assert (run.outcome, run.lines[0].state, run.lines[0].unknown) == (RunOutcome.SENT, SendState.UNKNOWN, 2)
    assert list(mail.copies().values()) == [2]


async def test_a_server_that_takes_a_letter_and_drops_the_line_gets_one_more_copy_of_the_same(
    stage: Stage, mail: MailServer
) -> None:
    await stage.scheduled(ANNA)
    mail.drops = 1
    with pytest.raises(RunUnfinished):
        await stage.at(MONDAY)
    [line] = (await stage.runs())[0].lines
    assert (line.state, line.unknown) == (SendState.DUE, 1)
    await stage.send()
    [run] = await stage.runs()
    assert (run.outcome, run.lines[0].state, run.lines[0].unknown) == (RunOutcome.SENT, SendState.SENT, 1)
    assert list(mail.copies().values()) == [2]


async def test_a_server_that_always_drops_the_line_gets_two_copies_and_the_ledger_says_so(
    stage: Stage, mail: MailServer
) -> None:
    schedule = await stage.scheduled(ANNA)
    mail.drops = 10
    with pytest.raises(RunUnfinished):
        await stage.at(MONDAY)
    await stage.send()
    [run] = await stage.runs()
    assert (run.outcome, run.lines[0].state, run.lines[0].unknown) == (RunOutcome.SENT, SendState.UNKNOWN, 2)
    assert list(mail.copies().values()) == [2]
    assert (await stage.schedule(schedule.schedule_id)).failures_in_row == 0
