"""Consents become subscribers at MailChimp, and what is said there comes back (R3.16 to R3.19)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from services.contracts.once import Asked
from services.contracts.pages import AskedPage
from services.integrations.mailchimp.domain.audience_sync import AudienceSync, Direction, Joining
from services.integrations.mailchimp.domain.membership import Problem
from services.integrations.mailchimp.handlers.audience_syncs import WantedSync
from services.integrations.mailchimp.handlers.dispatching import target_of
from services.integrations.mailchimp.ports.people import AskedConsent
from services.runtime.errors import Refusal
from services.runtime.outbound.port import Later, Locked
from services.runtime.testing.eventually import eventually
from tests.doubles.company import SERVER_ERROR, Spoiled
from tests.doubles.mailchimp import LIST, Account, TheirList, hash_of
from tests.integration.mailchimp.stage import HOUSE, NEWS, PLAIN, Stage

ADA = "ada@example.org"
TWO_WAY = replace(PLAIN, direction=Direction.TWO_WAY)


async def subscribed(stage: Stage, *names: str) -> None:
    """They have consented, and it went over."""
    for name in names:
        stage.book.says(name, "CONFIRMED")
    await stage.round()


async def test_r3_17_a_newsletter_consent_ticked_in_checkout_makes_a_subscriber_with_the_next_round(
    stage: Stage,
) -> None:
    sync = await stage.sync(manner=replace(PLAIN, tags=("{consent}", "Hamlet")))
    stage.book.customer("ada", " Ada@Example.org", name="Ada King Lovelace")
    await subscribed(stage, "ada", "grace")
    ada = stage.mailchimp.audience.members[hash_of("ada@example.org")]
    assert (ada.status, ada.language, ada.tags) == ("subscribed", "nl", {"Our news", "Hamlet"})
    assert ada.merge_fields == {"FNAME": "Ada", "LNAME": "King Lovelace"}
    progress = await stage.progress(sync)
    assert (progress.consented, progress.done, progress.waiting, progress.first_done) == (2, 2, 0, True)
    asked = len(stage.mailchimp.asked)
    await stage.round()
    assert len(stage.mailchimp.asked) == asked, "what was told is not told again"
    assert not await stage.audit()


async def test_r3_17_who_consented_before_the_sync_was_made_goes_over_with_it(stage: Stage) -> None:
    for name in ("ada", "grace", "alan"):
        stage.book.says(name, "CONFIRMED")
    stage.book.says("alan", "WITHDRAWN")
    await stage.hear()
    await stage.sync()
    await stage.carry()
    assert stage.mailchimp.audience.states() == dict.fromkeys(("ada@example.org", "grace@example.org"), "subscribed")


async def test_r3_19_who_has_only_been_asked_is_nobodys_and_is_a_subscriber_once_confirmed(stage: Stage) -> None:
    await stage.sync()
    stage.book.says("ada", "ASKED")
    await stage.round()
    assert not stage.mailchimp.audience.members
    await subscribed(stage, "ada")
    assert stage.mailchimp.audience.states() == {ADA: "subscribed"}


async def test_r3_19_a_house_may_have_mailchimp_ask_once_more(stage: Stage) -> None:
    await stage.sync(manner=replace(PLAIN, joining=Joining.PENDING))
    stage.book.says("grace", "ASKED")
    await subscribed(stage, "ada")
    assert stage.mailchimp.audience.states() == {ADA: "pending"}


async def test_no_status_is_ever_sent_of_somebody_who_is_there_but_by_what_was_said_here(stage: Stage) -> None:
    stage.mailchimp.add(ADA, "unsubscribed")
    stage.mailchimp.add("grace@example.org", "subscribed")
    await stage.sync()
    await subscribed(stage, "ada", "grace", "alan")
    assert stage.mailchimp.audience.states() == {
        ADA: "unsubscribed",
        "grace@example.org": "subscribed",
        "alan@example.org": "subscribed",
    }
    assert not [one for one in stage.mailchimp.asked if one.method == "PUT" and b'"status":' in one.body]
    assert all(b'"update_existing":false' in one.body for one in stage.mailchimp.asked if one.path.endswith(LIST))


async def test_r3_18_an_unsubscribe_there_is_never_undone_by_a_sync(stage: Stage) -> None:
    sync = await stage.sync()
    await subscribed(stage, "ada")
    await stage.mailchimp.acts(ADA, "unsubscribe")
    stage.book.customer("ada", name="Ada Byron")
    await stage.compare()
    await stage.round()
    await stage.syncs.sync_now(HOUSE, sync.sync_id)
    await stage.round()
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed"}
    assert (await stage.progress(sync)).problems == {Problem.UNSUBSCRIBED_THERE: 1}
    assert stage.book.answers[HOUSE, "ada", NEWS][0] == "CONFIRMED", "one way: it is no opt-out here"


async def test_r3_18_two_way_an_unsubscribe_there_is_an_opt_out_here_and_is_not_sent_back(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await stage.carry()
    assert len(stage.mailchimp.audience.hooks) == 1
    await subscribed(stage, "ada", "grace")
    async with stage.hooks_reach_us() as stage.mailchimp.post:
        told = await stage.mailchimp.acts(ADA, "unsubscribe", told=20)
    assert set(told) == {200}
    assert await stage.rows("SELECT count(*) FROM news") == [(1,)]
    await stage.hearing.work_off()
    assert stage.book.answers[HOUSE, "ada", NEWS][0] == "WITHDRAWN"
    assert len(stage.book.untold) == 1
    asked = len(stage.mailchimp.asked)
    await stage.round()
    assert len(stage.mailchimp.asked) == asked, "what came from there is not sent back there"
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed", "grace@example.org": "subscribed"}


async def test_r3_18_what_mailchimp_tells_is_worked_off_at_once_however_seldom_it_is_looked_for(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada", "grace")

    def is_withdrawn(name: str) -> bool:
        return stage.book.answers[HOUSE, name, NEWS][0] == "WITHDRAWN"

    working = asyncio.create_task(stage.hearing.run(3_600))
    try:
        async with stage.hooks_reach_us() as stage.mailchimp.post:
            for name in ("grace", "ada"):
                await stage.mailchimp.acts(f"{name}@example.org", "unsubscribe")
                await eventually(partial(is_withdrawn, name))
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def test_r3_18_the_nightly_comparison_finds_what_a_lost_webhook_left(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada", "grace")
    await stage.mailchimp.acts(ADA, "unsubscribe", told=0)
    await stage.compare()
    assert stage.book.answers[HOUSE, "ada", NEWS][0] == "WITHDRAWN"
    assert stage.book.answers[HOUSE, "grace", NEWS][0] == "CONFIRMED"


async def test_r3_18_one_comparison_finds_noes_and_what_is_none_side_by_side(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada", "grace", "alan", "mary")
    for name, kind in (("ada", "unsubscribe"), ("grace", "cleaned"), ("alan", "unsubscribe")):
        await stage.mailchimp.acts(f"{name}@example.org", kind, told=0)
    await stage.compare()
    stands = {name: stage.book.answers[HOUSE, name, NEWS][0] for name in ("ada", "grace", "alan", "mary")}
    assert stands == {"ada": "WITHDRAWN", "grace": "CONFIRMED", "alan": "WITHDRAWN", "mary": "CONFIRMED"}
    there = await stage.rows("SELECT there FROM members ORDER BY customer_id")
    assert there == [("unsubscribed",), ("unsubscribed",), ("cleaned",), ("subscribed",)]


async def test_an_opt_out_waits_for_customers_and_a_consent_given_after_it_stands(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada")
    async with stage.hooks_reach_us() as stage.mailchimp.post:
        await stage.mailchimp.acts(ADA, "unsubscribe")
    stage.book.is_away = True
    with pytest.raises(Exception, match="hse_one"):
        await stage.hearing.work_off()
    stage.book.is_away = False
    stage.clock.ahead_ms += 60_000
    stage.book.says("ada", "CONFIRMED")
    await stage.hearing.work_off()
    assert stage.book.answers[HOUSE, "ada", NEWS][0] == "CONFIRMED"
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed"}


async def test_a_subscribe_there_is_no_consent_here_and_is_left_alone(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    await subscribed(stage, "ada")
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    async with stage.hooks_reach_us() as stage.mailchimp.post:
        await stage.mailchimp.acts(ADA, "subscribe")
    await stage.hearing.work_off()
    await stage.round()
    assert stage.book.answers[HOUSE, "ada", NEWS][0] == "WITHDRAWN"
    assert stage.mailchimp.audience.states() == {ADA: "subscribed"}


async def test_a_consent_taken_back_here_unsubscribes_there_and_one_given_anew_has_mailchimp_ask(stage: Stage) -> None:
    await stage.sync()
    await subscribed(stage, "ada")
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed"}
    await subscribed(stage, "ada")
    assert stage.mailchimp.audience.states() == {ADA: "pending"}


async def test_erasure_deletes_there_though_customers_has_forgotten_the_address(stage: Stage) -> None:
    await stage.sync()
    await subscribed(stage, "ada", "grace")
    stage.book.erase("ada")
    await stage.round()
    assert stage.mailchimp.audience.states() == {"grace@example.org": "subscribed"}
    assert hash_of(ADA) in stage.mailchimp.audience.forgotten
    everything = str(await stage.rows("SELECT * FROM members")) + str(await stage.rows("SELECT * FROM standings"))
    assert "ada" not in everything
    assert hash_of(ADA) not in everything


async def test_an_address_that_changed_here_changes_there_and_leaves_nobody_behind(stage: Stage) -> None:
    await stage.sync()
    await subscribed(stage, "ada", "grace")
    stage.book.customer("ada", "countess@example.org")
    stage.mailchimp.add("grace.hopper@example.org", "subscribed")
    stage.book.customer("grace", "grace.hopper@example.org")
    await stage.compare()
    await stage.round()
    assert stage.mailchimp.audience.states() == {
        "countess@example.org": "subscribed",
        "grace@example.org": "unsubscribed",
        "grace.hopper@example.org": "subscribed",
    }


async def test_several_consents_of_one_audience_add_their_tags_and_the_last_one_taken_back_unsubscribes(
    stage: Stage,
) -> None:
    stage.book.questions[HOUSE] = [
        AskedConsent(one, one, is_for_email=True, archived=False) for one in (NEWS, "cns_offers")
    ]
    await stage.sync(manner=replace(PLAIN, tags=("news",)))
    await stage.sync(consent_id="cns_offers", manner=replace(PLAIN, tags=("offers",)))
    stage.book.says("ada", "CONFIRMED", "cns_offers")
    await subscribed(stage, "ada")
    assert stage.mailchimp.audience.members[hash_of(ADA)].tags == {"news", "offers"}
    stage.book.says("ada", "WITHDRAWN", "cns_offers")
    await stage.round()
    ada = stage.mailchimp.audience.members[hash_of(ADA)]
    assert (ada.status, ada.tags) == ("subscribed", {"news"})
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    assert ada.status == "unsubscribed"


async def test_an_archived_sync_adds_nobody_and_still_lets_people_go(stage: Stage) -> None:
    sync = await stage.sync()
    await subscribed(stage, "ada")
    await stage.syncs.archive(HOUSE, sync.sync_id)
    await subscribed(stage, "grace")
    assert stage.mailchimp.audience.states() == {ADA: "subscribed"}
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed"}


async def test_half_a_batch_refused_is_told_member_by_member_and_not_tried_again(stage: Stage) -> None:
    sync = await stage.sync()
    stage.book.customer("fake", "nobody@fake.example")
    stage.mailchimp.audience.forgotten.add(hash_of("gone@example.org"))
    await subscribed(stage, "ada", "fake", "gone", "grace")
    assert set(stage.mailchimp.audience.states()) == {ADA, "grace@example.org"}
    progress = await stage.progress(sync)
    assert progress.problems == {Problem.ADDRESS_REFUSED: 1, Problem.REMOVED_THERE: 1}
    asked = len(stage.mailchimp.asked)
    await stage.round()
    assert len(stage.mailchimp.asked) == asked
    stage.book.customer("fake", "real@example.org")
    await stage.syncs.sync_now(HOUSE, sync.sync_id)
    await stage.carry()
    assert stage.mailchimp.audience.states()["real@example.org"] == "subscribed"


@pytest.mark.parametrize(
    ("spoiled", "kind"),
    [
        (Spoiled(429, b'{"status":429}', {"content-type": "application/problem+json"}), Later),
        (Spoiled(403, b"<html>Forbidden</html>", {"content-type": "text/html"}), Later),
        (SERVER_ERROR, Later),
        (Spoiled(200, b"not JSON"), Later),
        (Spoiled(403, b'{"status":403,"title":"User Disabled"}'), Locked),
    ],
)
async def test_bad_days_lose_nobody(stage: Stage, spoiled: Spoiled, kind: type[Later | Locked]) -> None:
    await stage.sync()
    stage.mailchimp.down = spoiled
    await subscribed(stage, "ada", "grace")
    assert {type(one) for one in stage.outcomes} == {kind}
    assert not stage.mailchimp.audience.members
    stage.mailchimp.down = None
    await stage.round()
    assert set(stage.mailchimp.audience.states().values()) == {"subscribed"}
    assert not await stage.audit()


async def test_a_batch_whose_answer_was_lost_is_told_again_and_a_no_meanwhile_is_heeded(stage: Stage) -> None:
    await stage.sync()
    stage.mailchimp.down = replace(SERVER_ERROR, after_effect=True)
    await subscribed(stage, "ada", "grace")
    stage.mailchimp.down = None
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed", "grace@example.org": "subscribed"}


async def test_what_may_still_be_under_way_there_is_looked_for_until_it_cannot_be(stage: Stage) -> None:
    await stage.sync()
    stage.mailchimp.down = SERVER_ERROR
    await subscribed(stage, "ada")
    stage.mailchimp.down = None
    stage.book.says("ada", "WITHDRAWN")
    await stage.round()
    # It arrives only now.
    stage.mailchimp.add(ADA, "subscribed")
    await stage.round()
    assert stage.mailchimp.audience.states() == {ADA: "unsubscribed"}


async def test_a_key_withdrawn_in_the_middle_locks_and_a_new_one_goes_on(stage: Stage) -> None:
    await stage.sync()
    stage.mailchimp.accounts = {key: replace(one, is_let_in=False) for key, one in stage.mailchimp.accounts.items()}
    await subscribed(stage, "ada")
    assert isinstance(stage.outcomes[-1], Locked)
    new_key = f"{'9f' * 16}-us6"
    [account] = stage.mailchimp.accounts.values()
    stage.mailchimp.accounts[new_key] = replace(account, is_let_in=True)
    await stage.accounts.set(HOUSE, new_key)
    assert stage.queue.mended == [target_of(HOUSE)] * 2
    await stage.round()
    assert account.lists[LIST].states() == {ADA: "subscribed"}


async def test_the_same_person_in_two_houses_is_two_and_no_audience_shows_the_others(stage: Stage) -> None:
    other_key = f"{'b1' * 16}-us9"
    stage.mailchimp.accounts[other_key] = Account("Another theatre", {"777": TheirList("Theirs")})
    await stage.sync()
    await stage.sync(house_id="hse_two", key=other_key, list_id="777")
    stage.book.customer("cus_a", ADA)
    stage.book.customer("cus_b", ADA, house_id="hse_two")
    stage.book.says("cus_a", "CONFIRMED")
    stage.book.says("cus_b", "CONFIRMED", house_id="hse_two")
    stage.book.says("only_two", "CONFIRMED", house_id="hse_two")
    await stage.round()
    theirs = stage.mailchimp.accounts[other_key].lists["777"]
    assert stage.mailchimp.audience.states() == {ADA: "subscribed"}
    assert set(theirs.states()) == {ADA, "only_two@example.org"}
    stage.book.says("cus_a", "WITHDRAWN")
    await stage.round()
    assert (stage.mailchimp.audience.states()[ADA], theirs.states()[ADA]) == ("unsubscribed", "subscribed")
    foreign = await stage.syncs.create(_asked(), HOUSE, WantedSync(NEWS, "777", PLAIN))
    assert isinstance(foreign, Refusal)
    assert foreign.reason() == "AUDIENCE_NOT_THERE"


async def test_the_ledger_and_the_record_show_no_address_and_no_key(stage: Stage) -> None:
    await stage.sync(manner=TWO_WAY)
    stage.book.customer("fake", "nobody@fake.example")
    await subscribed(stage, "ada", "fake")
    stage.book.customer("ada", name="Ada Byron")
    await stage.compare()
    await stage.round()
    told = "\n".join(map(repr, stage.exchanges))
    assert len(stage.exchanges) > 3
    assert "members/***" in told
    for secret in (ADA, "example.org", "fake.example", hash_of(ADA), "Lovelace", "Byron", "0a0a0a", "-us6"):
        assert secret not in told, secret
    tables = ("accounts", "members", "standings", "news", "audiences", "audience_syncs")
    kept = "".join([str(await stage.rows(f"SELECT * FROM {table}")) for table in tables])
    assert "example.org" not in kept
    assert "0a0a0a0a0a" not in kept


async def test_who_is_no_subscriber_though_consented_is_listed_with_why(stage: Stage) -> None:
    sync = await stage.sync()
    stage.book.customer("fake", "nobody@fake.example")
    await subscribed(stage, "fake", "ada")
    page = await stage.syncs.troubled(HOUSE, sync.sync_id, AskedPage(None, 10))
    assert not isinstance(page, Refusal)
    assert [(one.customer_id, one.problem) for one in page.members] == [("fake", Problem.ADDRESS_REFUSED)]


def _asked() -> Asked[AudienceSync]:
    return Asked("key_foreign", "create", b"", lambda _: b"")
