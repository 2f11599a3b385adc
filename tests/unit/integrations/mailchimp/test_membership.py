"""What is told of a member next, in every state and with every consent; and what MailChimp's words mean."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import pytest

from services.integrations.mailchimp.adapters import mailchimp_wire as wire
from services.integrations.mailchimp.api.webhooks import news_of
from services.integrations.mailchimp.domain.account import account_of, refused_key_form
from services.integrations.mailchimp.domain.audience_sync import (
    AudienceSync,
    Direction,
    Joining,
    Manner,
    MergeField,
    MergeValue,
    refused_manner,
)
from services.integrations.mailchimp.domain.membership import (
    Member,
    Problem,
    Step,
    There,
    heard,
    intended,
    is_settled_by_absence,
    next_step,
)
from services.integrations.mailchimp.domain.news import NewsKind
from services.integrations.mailchimp.domain.profile import Person, Profile, Standing, profile_of, subscriber_of

ADDS = {Step.ADD, Step.TELL, Step.ASK_AGAIN}
PLAIN = Manner(
    (MergeField("FNAME", MergeValue.FIRST_NAME),), True, ("{consent}",), Joining.SUBSCRIBED, Direction.ONE_WAY, ()
)
SYNC = AudienceSync("hse_1", "aud_1", "cns_1", "News", "500123", PLAIN, False, 1, 1)
ADA = Person("cus_1", "Ada King Lovelace", "Ada@Example.org ", "nl", {"cns_1": 5})


def a_profile(**changes: object) -> Profile:
    made = profile_of(ADA, [SYNC])
    assert made is not None
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_hash_is_the_vectors() -> None:
    assert subscriber_of(" Jane.Doe@example.com") == "0cba00ca3da1b283a57287bcceb17e35"


@pytest.mark.parametrize("there", There)
def test_r3_16_whatever_is_known_nobody_without_a_consent_is_added_or_told_of(there: There) -> None:
    member = Member("cus_1", 1, subscriber="0" * 32, there=there)
    assert next_step(member, None) in {Step.NOTHING, Step.TAKE_OUT}
    assert next_step(replace(member, erased=True), a_profile()) is Step.ERASE


@pytest.mark.parametrize("there", [There.UNSUBSCRIBED, There.CLEANED, There.REMOVED])
def test_r3_18_who_is_out_by_itself_stays_out(there: There) -> None:
    profile = a_profile()
    for digest, subscriber in product(("", profile.digest()), (profile.subscriber,)):
        member = Member("cus_1", 1, subscriber=subscriber, there=there, digest=digest)
        step = next_step(member, profile)
        # An address that mails came back from may be told of, never added: its state there is MailChimp's.
        assert step is Step.NOTHING or (there is There.CLEANED and step is Step.TELL)


@pytest.mark.parametrize("there", There)
def test_an_archived_sync_adds_nobody(there: There) -> None:
    profile = a_profile(may_join=False)
    step = next_step(Member("cus_1", 1, subscriber=profile.subscriber, there=there), profile)
    assert step not in ADDS or there in {There.TOLD, There.LEAVING}


def test_what_was_told_is_not_told_again_and_what_changed_is() -> None:
    profile = a_profile()
    member = Member("cus_1", 1, subscriber=profile.subscriber, there=There.SUBSCRIBED, digest=profile.digest())
    assert next_step(member, profile) is Step.NOTHING
    for changed in (a_profile(language="en"), a_profile(tags=("other",)), a_profile(merge_fields={"FNAME": "A"})):
        assert next_step(member, changed) is Step.TELL


def test_an_address_that_changes_is_remembered_before_it_is_told() -> None:
    member = Member("cus_1", 1, subscriber="f" * 32, there=There.SUBSCRIBED)
    after = intended(member, Step.TELL, a_profile(), 9)
    assert (after.there, after.former, after.subscriber) == (There.TOLD, ("f" * 32,), a_profile().subscriber)


def test_an_unsubscribe_that_we_asked_for_is_ours_and_a_subscribe_after_it_is_the_persons() -> None:
    leaving, out = Member("cus_1", 1, there=There.LEAVING), Member("cus_1", 1, there=There.TAKEN_OUT)
    assert heard(leaving, There.UNSUBSCRIBED) is There.TAKEN_OUT
    assert heard(leaving, There.SUBSCRIBED) is There.LEAVING
    assert heard(out, There.SUBSCRIBED) is There.JOINED
    assert next_step(replace(out, there=There.JOINED), None) is Step.NOTHING


def test_that_nobody_is_found_proves_nothing_while_what_was_told_may_be_under_way() -> None:
    told = Member("cus_1", 1, there=There.TOLD, since_ms=1_000)
    assert not is_settled_by_absence(told, 300_999)
    assert is_settled_by_absence(told, 301_000)


def test_a_profile_is_what_the_consents_of_one_audience_say_together() -> None:
    asks = replace(SYNC, consent_id="cns_2", manner=replace(PLAIN, tags=("more",), joining=Joining.PENDING))
    person = replace(ADA, consents={"cns_1": 5, "cns_2": 9})
    both = profile_of(person, [SYNC, asks])
    assert both is not None
    assert (both.tags, both.joins_as, both.consented_at_ms) == (("News", "more"), Standing.PENDING, 9)
    assert both.merge_fields == {"FNAME": "Ada"}
    assert profile_of(replace(ADA, consents={"cns_3": 1}), [SYNC, asks]) is None
    archived = profile_of(ADA, [replace(SYNC, archived=True)])
    assert archived is not None
    assert (archived.may_join, archived.tags) == (False, ())


def test_no_body_of_a_routine_sync_has_a_status() -> None:
    body = json.loads(wire.member(a_profile()))
    assert body["status_if_new"] == "subscribed"
    assert "status" not in body
    batch = json.loads(wire.new_members([a_profile()]))
    assert batch["update_existing"] is False


def test_keys_are_taken_by_their_form_and_told_by_their_tail() -> None:
    key = f"{'0a' * 16}-us6"
    assert refused_key_form("key", key) is None
    assert account_of("hse_1", key, 1).tail == "0a0a-us6"
    for wrong in ("", "us6", f"{'0a' * 16}-us6.evil.example/", f"{'0a' * 16}-", f"{'0a' * 16}-us6#"):
        assert refused_key_form("key", wrong) is not None, wrong


def test_all_that_is_wrong_with_a_sync_is_told_at_once() -> None:
    wrong = replace(
        PLAIN,
        merge_fields=(MergeField("fname", MergeValue.NAME), MergeField("", MergeValue.NAME)),
        tags=("x" * 101, "twice", "twice"),
        marketing_permission_ids=("a/b",),
    )
    refused = refused_manner("", wrong)
    assert refused is not None
    assert {one.field for one in refused.violations()} == {
        "merge_fields[0].merge_tag",
        "merge_fields[1].merge_tag",
        "tags",
        "tags[0]",
        "marketing_permission_ids[0]",
    }


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("x is in a compliance state due to unsubscribe, bounce", Problem.UNSUBSCRIBED_THERE),
        ("x was permanently deleted and cannot be re-imported. The contact must re-subscribe", Problem.REMOVED_THERE),
        ("x looks fake or invalid, please enter a real email address.", Problem.ADDRESS_REFUSED),
        ("Your merge fields were invalid.", Problem.MERGE_FIELD_REFUSED),
        ("something new", Problem.OTHER),
    ],
)
def test_why_a_member_is_not_taken_is_read_from_words(said: str, problem: Problem) -> None:
    assert wire.problem_of(said) is problem


FORM = b"type=unsubscribe&fired_at=2026-01-02+03%3A04%3A05&data%5Blist_id%5D=500123&data%5Bemail%5D=ADA%40example.org"


def test_news_has_no_address_and_the_same_news_is_the_same() -> None:
    news = news_of(FORM, 2_000_000_000_000)
    assert news is not None
    assert (news.kind, news.subscriber) == (NewsKind.UNSUBSCRIBE, subscriber_of("ada@example.org"))
    assert news.said_at_ms == 1_767_323_045_999
    again = news_of(b"&".join(reversed(FORM.split(b"&"))), 2_000_000_000_001)
    assert again == news
    assert news_of(FORM, 1_000) is not None


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff", b"type=campaign&data[list_id]=1&data[email]=a@b", b"type=unsubscribe&data[list_id]=1", b"&" * 900],
)
def test_what_tells_of_no_member_is_no_news(body: bytes) -> None:
    assert news_of(body, 1) is None


def test_news_from_the_future_is_of_now() -> None:
    news = news_of(FORM, 1_000)
    assert news is not None
    assert news.said_at_ms == 1_000
