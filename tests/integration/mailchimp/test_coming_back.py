"""What comes back from MailChimp on bad days: pages that are no whole audience, and houses that keep others waiting."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.integrations.mailchimp.domain.audience_sync import Direction, MergeField, MergeValue
from services.integrations.mailchimp.ports.people import CustomersSilent
from tests.doubles.company import Spoiled
from tests.doubles.mailchimp import Account, TheirList, hash_of
from tests.integration.mailchimp.stage import HOUSE, NEWS, PLAIN, Stage

ADA = "ada@example.org"
THEIR_KEY = f"{'1b' * 16}-us6"
TWO_WAY = replace(PLAIN, direction=Direction.TWO_WAY)


async def subscribed(stage: Stage, *names: str) -> None:
    """They have consented, and it went over."""
    for name in names:
        stage.book.says(name, "CONFIRMED")
    await stage.round()


async def test_a_comparison_goes_on_behind_a_page_that_has_somebody_who_is_no_member_on_it(stage: Stage) -> None:
    """A whole one takes who is on no page for gone: it must have seen them all."""
    for number in range(1_000):
        stage.mailchimp.add(f"buyer-{number}@example.org", "subscribed" if number else "transactional")
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada")
    stage.clock.ahead_ms += 7 * 24 * 3_600_000
    await stage.compare()
    assert await stage.rows("SELECT there FROM members") == [("subscribed",)]


async def test_a_page_that_lists_nobody_at_all_is_no_answer_and_takes_nobody_out(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada")
    stage.clock.ahead_ms += 7 * 24 * 3_600_000
    stage.mailchimp.spoil(Spoiled(200, b"{}", {"content-type": "application/json"}))
    await stage.compare()
    assert await stage.rows("SELECT there FROM members") == [("subscribed",)]


async def test_a_comparison_sees_who_moved_up_for_somebody_was_deleted_meanwhile(stage: Stage) -> None:
    for number in range(1_000):
        stage.mailchimp.add(f"reader-{number}@example.org", "subscribed")
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada")
    stage.clock.ahead_ms += 8 * 24 * 3_600_000
    assert await stage.rounds.compare()
    await stage.carry()
    del stage.mailchimp.audience.members[hash_of("reader-7@example.org")]
    while any(one.kind == "compare" for one in stage.queue.waiting.values()):
        await stage.carry()
    assert await stage.rows("SELECT there FROM members") == [("subscribed",)]


async def test_r3_16_who_came_back_there_and_consents_here_too_goes_when_that_is_taken_back(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada")
    async with stage.hooks_reach_us() as stage.mailchimp.post:
        for act in ("unsubscribe", "subscribe"):
            await stage.mailchimp.acts(ADA, act)
            await stage.hearing.work_off()
            stage.clock.ahead_ms += 60_000
    await stage.round()
    await subscribed(stage, "ada")
    assert stage.mailchimp.audience.states() == {ADA: "subscribed"}
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed"}


async def test_a_house_whose_noes_cannot_be_told_keeps_no_other_waiting(stage: Stage) -> None:
    stage.mailchimp.accounts[THEIR_KEY] = Account("Another theatre", {"600": TheirList("Theirs")})
    await stage.sync(manner=TWO_WAY)
    await stage.sync(manner=TWO_WAY, house_id="hse_two", list_id="600", key=THEIR_KEY)
    for house_id in (HOUSE, "hse_two"):
        stage.book.says("ada", "CONFIRMED", house_id=house_id)
    await stage.round()
    async with stage.hooks_reach_us() as stage.mailchimp.post:
        await stage.mailchimp.acts(ADA, "unsubscribe")
        await stage.mailchimp.acts(ADA, "unsubscribe", "600", THEIR_KEY)
    stage.book.away = {HOUSE}
    with pytest.raises(CustomersSilent, match=HOUSE):
        await stage.hearing.work_off()
    assert stage.book.answers["hse_two", "ada", NEWS][0] == "WITHDRAWN"


async def test_an_audience_that_is_there_already_is_told_in_turns_that_end_in_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one, a second each: the base gives a turn two minutes, and a turn that it ends counts as MailChimp's."""
    names = [f"reader-{number}" for number in range(400)]
    for name in names:
        stage.mailchimp.add(f"{name}@example.org", "subscribed")
        stage.book.says(name, "CONFIRMED")
    await stage.sync()
    await stage.hear()
    await stage.rounds.send()
    monkeypatch.setattr(stage.clock, "monotonic", lambda: float(len(stage.mailchimp.asked)))
    first = next(one for one in stage.queue.waiting.values() if one.kind == "members")
    before = len(stage.mailchimp.asked)
    await stage.courier.carry(first.target, [first])
    assert len(stage.mailchimp.asked) - before <= 45
    while stage.queue.waiting:
        await stage.carry()
    assert await stage.rows("SELECT there, count(*) FROM members GROUP BY there") == [("subscribed", len(names))]


async def test_the_ledger_has_no_name_whatever_the_house_calls_its_merge_fields(stage: Stage) -> None:
    stage.mailchimp.add(ADA, "subscribed")
    stage.book.customer("ada", name="Zenobia Lovelace")
    stage.book.customer("grace", name="Quintina Hopper")
    await stage.sync(manner=replace(PLAIN, merge_fields=(MergeField("VOORNAAM", MergeValue.FIRST_NAME),)))
    await subscribed(stage, "ada", "grace")
    assert stage.mailchimp.audience.members[hash_of(ADA)].merge_fields == {"VOORNAAM": "Zenobia"}
    told = " ".join(exchange.answer for exchange in stage.exchanges)
    assert "VOORNAAM" in told and "Zenobia" not in told and "Quintina" not in told
