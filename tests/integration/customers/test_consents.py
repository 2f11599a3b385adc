"""Consents as houses ask and customers answer them (R3.16 to R3.19)."""

from __future__ import annotations

from balcon.customers.v1 import consents_pb2 as pb
from balcon.customers.v1 import customers_events_pb2 as events
from balcon.customers.v1 import customers_pb2, own_data_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask

from services.customers.domain.consent import MAX_CONSENTS
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.customers.neighbours import DUTCH, GERMAN
from tests.integration.customers.stage import IDS, Customers, a_buyer, a_tick


def answering(customer_id: str, *given: pb.Consent, house_id: str = DUTCH) -> pb.AnswerConsentsRequest:
    return pb.AnswerConsentsRequest(house_id=house_id, customer_id=customer_id, ticks=[a_tick(one) for one in given])


def taking_back(customer_id: str, *withdrawn: pb.Consent, house_id: str = DUTCH) -> pb.AnswerConsentsRequest:
    ids = [one.consent_id for one in withdrawn]
    return pb.AnswerConsentsRequest(house_id=house_id, customer_id=customer_id, withdrawn_consent_ids=ids)


def settling(double_opt_in: pb.DoubleOptIn.ValueType, house_id: str) -> pb.SetConsentSettingsRequest:
    return pb.SetConsentSettingsRequest(house_id=house_id, double_opt_in=double_opt_in)


async def confirm(customers: Customers, secret: str, house_id: str = GERMAN) -> list[str]:
    answer = await customers.consents.ConfirmConsents(pb.ConfirmConsentsRequest(house_id=house_id, secret=secret))
    return list(answer.consent_ids)


async def mailed(customers: Customers, email: str, count: int = 1) -> list[str]:
    """The links of so many mails that ask for a confirmation."""
    await eventually(lambda: len(customers.links(email, "consents")) >= count)
    return customers.links(email, "consents")


def fields_of(message: Descriptor) -> set[str]:
    return {field.name for field in message.fields}


def test_r3_18_nothing_can_say_that_a_consent_is_ticked_beforehand() -> None:
    shown = fields_of(pb.Consent.DESCRIPTOR) | fields_of(pb.ConsentText.DESCRIPTOR)
    said = fields_of(pb.CreateConsentRequest.DESCRIPTOR) | fields_of(pb.ConsentChange.DESCRIPTOR)
    assert shown | said == {
        "house_id", "consent_id", "scope", "thing_id", "medium", "position", "text_version", "texts", "archived",
        "etag", "language", "title", "description", "idempotency_key",
    }  # fmt: skip


async def test_r3_18_consents_are_general_or_per_event_with_title_description_medium_and_position(
    customers: Customers,
) -> None:
    general = await customers.asking()
    show = await customers.asking(events.CONSENT_SCOPE_PERFORMANCE, "perf_1", medium=events.CONSENT_MEDIUM_SMS)
    other = await customers.asking(events.CONSENT_SCOPE_PERFORMANCE, "perf_2")
    change = pb.ConsentChange(consent_id=general.consent_id, position=7)
    moved = pb.UpdateConsentRequest(
        house_id=DUTCH, consent=change, update_mask=FieldMask(paths=["position"]), etag=general.etag
    )
    await customers.consents.UpdateConsent(moved)
    asked = (
        await customers.consents.ListConsents(pb.ListConsentsRequest(house_id=DUTCH, performance_id="perf_1"))
    ).consents
    assert [one.consent_id for one in asked] == [show.consent_id, general.consent_id]
    assert (asked[0].texts[0].title, asked[0].texts[0].description) == ("News", "Once a month.")
    assert (asked[0].medium, asked[1].position) == (events.CONSENT_MEDIUM_SMS, 7)
    everything = (await customers.consents.ListConsents(pb.ListConsentsRequest(house_id=DUTCH))).consents
    assert other.consent_id in {one.consent_id for one in everything}


async def test_new_texts_are_a_new_version_and_an_answer_names_its_own(customers: Customers) -> None:
    first = await customers.asking()
    ada = await customers.customer("ada@example.org")
    await customers.consents.AnswerConsents(answering(ada, first))
    texts = [pb.ConsentText(language="en", title="News and offers")]
    change = pb.ConsentChange(consent_id=first.consent_id, texts=texts)
    request = pb.UpdateConsentRequest(
        house_id=DUTCH, consent=change, update_mask=FieldMask(paths=["texts"]), etag=first.etag
    )
    second = (await customers.consents.UpdateConsent(request)).consent
    assert (first.text_version, second.text_version) == (1, 2)
    [stands] = (await customers.answers(ada)).values()
    assert (stands.text_version, stands.source) == (1, events.CONSENT_SOURCE_BOX_OFFICE)
    await customers.consents.AnswerConsents(answering(ada, second))
    [stands] = (await customers.answers(ada)).values()
    assert [step.text_version for step in stands.history] == [1, 2]
    later = pb.AnswerConsentsRequest(house_id=DUTCH, customer_id=ada)
    later.ticks.add(consent_id=first.consent_id, text_version=3)
    assert (await refusal(customers.consents.AnswerConsents(later))).reason == "FIELD_INVALID"


async def test_r3_17_a_consent_ticked_in_the_checkout_makes_a_subscriber_once_the_order_is_there(
    customers: Customers,
) -> None:
    news = await customers.asking()
    buyer = a_buyer("ada@example.org", ref="ord_1", ticks=[a_tick(news)])
    [who] = await customers.identified(buyer)
    await customers.identified(buyer)
    assert await customers.state(who.customer_id, news.consent_id) == ""
    for performance in ("perf_1", "perf_2"):
        await customers.ordered("ord_1", who.customer_id, show=performance)
    await customers.heard()
    [stands] = (await customers.answers(who.customer_id)).values()
    assert stands.state == events.CONSENT_STATE_CONFIRMED
    assert [(step.source, step.note) for step in stands.history] == [(events.CONSENT_SOURCE_CHECKOUT, "ord_1")]
    [told] = await customers.events()
    assert isinstance(told, events.ConsentChanged)
    assert (told.customer_id, told.consent_id, told.text_version) == (who.customer_id, news.consent_id, 1)


async def test_r3_18_what_was_not_ticked_is_not_recorded_and_neither_is_a_tick_without_its_order(
    customers: Customers,
) -> None:
    news = await customers.asking()
    [unticked] = await customers.identified(a_buyer("ada@example.org", ref="ord_1"))
    [without] = await customers.identified(a_buyer("grace@example.org", ref="ord_2", ticks=[a_tick(news)]))
    await customers.ordered("ord_1", unticked.customer_id)
    await customers.heard()
    assert not await customers.answers(unticked.customer_id)
    assert not await customers.answers(without.customer_id)
    assert not await customers.events()


async def test_a_buyer_with_a_tick_that_nobody_asked_for_is_refused_and_not_made(customers: Customers) -> None:
    news = await customers.asking()
    unknown = a_buyer("ada@example.org", ref="ord_1")
    unknown.ticks.add(consent_id="cns_unknown", text_version=1)
    never_shown = a_buyer("grace@example.org", ref="ord_2")
    never_shown.ticks.add(consent_id=news.consent_id, text_version=2)
    good = a_buyer("alan@example.org", ref="ord_3", ticks=[a_tick(news)])
    told = await customers.identified(unknown, never_shown, good)
    assert [one.refused for one in told] == ["CONSENT_NOT_FOUND", "FIELD_INVALID", ""]
    assert await customers.rows("SELECT email FROM customers") == [("alan@example.org",)]


async def test_r3_19_double_opt_in_is_usual_in_germany_and_a_consent_goes_from_asked_to_confirmed(
    customers: Customers,
) -> None:
    news = await customers.asking(house_id=GERMAN)
    [who] = await customers.identified(a_buyer("ada@example.org", ref="ord_1", ticks=[a_tick(news)]), house_id=GERMAN)
    await customers.ordered("ord_1", who.customer_id, GERMAN)
    await customers.heard()
    assert await customers.state(who.customer_id, news.consent_id, GERMAN) == "ASKED"
    [secret] = await mailed(customers, "ada@example.org")
    [mail] = customers.mails("ada@example.org")
    assert mail["Content-Language"] == "de"
    assert "bestätigen" in mail["Subject"]
    assert await confirm(customers, secret) == [news.consent_id]
    assert await customers.state(who.customer_id, news.consent_id, GERMAN) == "CONFIRMED"
    states = [event.state for event in await customers.events() if isinstance(event, events.ConsentChanged)]
    assert states == [events.CONSENT_STATE_ASKED, events.CONSENT_STATE_CONFIRMED]


async def test_a_confirmation_opened_twice_says_the_same_and_changes_nothing_more(customers: Customers) -> None:
    news, ada = await customers.asking(house_id=GERMAN), await customers.customer("ada@example.org", GERMAN)
    await customers.consents.AnswerConsents(answering(ada, news, house_id=GERMAN))
    [secret] = await mailed(customers, "ada@example.org")
    assert await confirm(customers, secret) == await confirm(customers, secret) == [news.consent_id]
    await customers.consents.AnswerConsents(taking_back(ada, news, house_id=GERMAN))
    assert await confirm(customers, secret) == [news.consent_id]
    assert await customers.state(ada, news.consent_id, GERMAN) == "WITHDRAWN"


async def test_a_confirmation_after_its_time_or_in_another_house_confirms_nothing(
    customers: Customers, clock: ShiftedClock
) -> None:
    news, ada = await customers.asking(house_id=GERMAN), await customers.customer("ada@example.org", GERMAN)
    await customers.consents.AnswerConsents(answering(ada, news, house_id=GERMAN))
    [secret] = await mailed(customers, "ada@example.org")
    for house_id, wrong in ((DUTCH, secret), ("hse_none", secret), (GERMAN, secret + "x")):
        request = pb.ConfirmConsentsRequest(house_id=house_id, secret=wrong)
        assert (await refusal(customers.consents.ConfirmConsents(request))).reason == "LINK_UNKNOWN"
    clock.forward(days=14.1)
    late = pb.ConfirmConsentsRequest(house_id=GERMAN, secret=secret)
    assert (await refusal(customers.consents.ConfirmConsents(late))).reason == "LINK_EXPIRED"
    assert await customers.state(ada, news.consent_id, GERMAN) == "ASKED"


async def test_r3_19_a_house_settles_itself_whether_a_mail_asks(customers: Customers) -> None:
    ada = await customers.customer("ada@example.org")
    news = await customers.asking()
    usual = await customers.consents.GetConsentSettings(pb.GetConsentSettingsRequest(house_id=DUTCH))
    assert (usual.settings.country, usual.settings.asks_for_confirmation) == ("NL", False)
    on = await customers.consents.SetConsentSettings(settling(pb.DOUBLE_OPT_IN_ON, DUTCH))
    assert on.settings.asks_for_confirmation
    await customers.consents.AnswerConsents(answering(ada, news))
    assert await customers.state(ada, news.consent_id) == "ASKED"
    off = await customers.consents.SetConsentSettings(settling(pb.DOUBLE_OPT_IN_OFF, GERMAN))
    assert (off.settings.country, off.settings.asks_for_confirmation) == ("DE", False)
    back = await customers.consents.SetConsentSettings(settling(pb.DOUBLE_OPT_IN_UNSPECIFIED, GERMAN))
    assert back.settings.asks_for_confirmation


async def test_a_customer_whose_session_is_open_needs_no_second_mail(customers: Customers) -> None:
    news, ada = await customers.asking(house_id=GERMAN), await customers.customer("ada@example.org", GERMAN)
    session = await customers.session("ada@example.org", GERMAN)
    request = own_data_pb2.AnswerOwnConsentsRequest(house_id=GERMAN, session_secret=session, ticks=[a_tick(news)])
    [stands] = (await customers.stub.AnswerOwnConsents(request)).consents
    assert (stands.state, stands.source) == (events.CONSENT_STATE_CONFIRMED, events.CONSENT_SOURCE_ACCOUNT)
    back = own_data_pb2.AnswerOwnConsentsRequest(
        house_id=GERMAN, session_secret=session, withdrawn_consent_ids=[news.consent_id]
    )
    await customers.stub.AnswerOwnConsents(back)
    assert await customers.state(ada, news.consent_id, GERMAN) == "WITHDRAWN"


async def test_a_stranger_cannot_fill_a_mailbox_with_questions(customers: Customers) -> None:
    ada = await customers.customer("ada@example.org", GERMAN)
    news = await customers.asking(house_id=GERMAN)
    for _ in range(12):
        await customers.consents.AnswerConsents(answering(ada, news, house_id=GERMAN))
    assert await customers.rows("SELECT count(*) FROM links") == [(10,)]


async def test_r3_19_an_upload_needs_its_source_and_its_date(customers: Customers) -> None:
    news = await customers.asking()
    without = uploading(news, "email,name\nada@example.org,Ada\n", source="", date="")
    told = await refusal(customers.consents.UploadConsents(without))
    assert {one.field for one in told.violations} == {"source", "date"}
    to_come = uploading(news, "email,name\nada@example.org,Ada\n", date="2099-01-01")
    assert (await refusal(customers.consents.UploadConsents(to_come))).violations[0].field == "date"
    assert not await customers.rows("SELECT * FROM customers")


def uploading(
    consent: pb.Consent, csv: str, *, source: str = "Paper list", date: str = "2026-01-31", house_id: str = DUTCH
) -> pb.UploadConsentsRequest:
    return pb.UploadConsentsRequest(
        idempotency_key=IDS.new_id("key"),
        house_id=house_id,
        consent_id=consent.consent_id,
        text_version=consent.text_version,
        source=source,
        date=date,
        csv=csv.encode(),
    )


async def test_r3_19_a_list_is_taken_over_with_its_source_and_date_and_never_against_a_no(customers: Customers) -> None:
    news = await customers.asking()
    ada, grace = await customers.customer("ada@example.org"), await customers.customer("grace@example.org")
    await customers.consents.AnswerConsents(answering(ada, news))
    await customers.consents.AnswerConsents(taking_back(ada, news))
    await customers.consents.AnswerConsents(answering(grace, news))
    people = "email;name\nADA@example.org;Ada\ngrace@example.org;Grace\nalan@example.org;Alan Turing\n"
    request = uploading(news, people)
    for _ in range(2):
        done = await customers.consents.UploadConsents(request)
        assert (done.confirmed, done.asked, done.unchanged, done.withdrawn) == (1, 0, 1, 1)
    assert await customers.state(ada, news.consent_id) == "WITHDRAWN"
    [stands] = (await customers.answers(await customers.customer("alan@example.org"))).values()
    [step] = stands.history
    assert (step.source, step.note) == (events.CONSENT_SOURCE_UPLOAD, "Paper list")
    assert step.changed_at.ToJsonString() == "2026-01-30T23:00:00Z"


async def test_r3_19_where_a_mail_is_usual_a_list_asks_by_mail(customers: Customers) -> None:
    news = await customers.asking(house_id=GERMAN)
    done = await customers.consents.UploadConsents(
        uploading(news, "email,name\nada@example.org,Ada\n", house_id=GERMAN)
    )
    assert (done.confirmed, done.asked) == (0, 1)
    [secret] = await mailed(customers, "ada@example.org")
    await confirm(customers, secret)
    ada = await customers.customer("ada@example.org", GERMAN)
    assert await customers.state(ada, news.consent_id, GERMAN) == "CONFIRMED"


async def test_a_list_with_faults_is_told_them_by_line_and_nothing_is_kept(customers: Customers) -> None:
    news = await customers.asking()
    bad = "email,name\nada@example.org,Ada\nnobody,Bob\nADA@example.org,Eve\n,Carol\ndan@example.org,\n"
    told = await refusal(customers.consents.UploadConsents(uploading(news, bad)))
    assert [one.description.split(":")[0].split()[-1] for one in told.violations] == ["3", "4", "5", "6"]
    assert "example.org" not in told.message
    many = "email,name\n" + "nobody,Bob\n" * 150
    told = await refusal(customers.consents.UploadConsents(uploading(news, many)))
    assert told.facts["violations"] == "100"
    assert not await customers.rows("SELECT * FROM customers")


async def test_what_is_archived_is_asked_no_more_and_can_still_be_taken_back(customers: Customers) -> None:
    news, ada = await customers.asking(), await customers.customer("ada@example.org")
    await customers.consents.AnswerConsents(answering(ada, news))
    for _ in range(2):
        request = pb.ArchiveConsentRequest(house_id=DUTCH, consent_id=news.consent_id)
        assert (await customers.consents.ArchiveConsent(request)).consent.archived
    assert not (await customers.consents.ListConsents(pb.ListConsentsRequest(house_id=DUTCH))).consents
    assert (await refusal(customers.consents.AnswerConsents(answering(ada, news)))).reason == "CONSENT_ARCHIVED"
    await customers.consents.AnswerConsents(taking_back(ada, news))
    assert await customers.state(ada, news.consent_id) == "WITHDRAWN"


async def test_a_house_asks_no_more_than_anybody_reads(customers: Customers) -> None:
    for _ in range(MAX_CONSENTS):
        await customers.asking()
    request = pb.CreateConsentRequest(
        idempotency_key="one-more",
        house_id=DUTCH,
        scope=events.CONSENT_SCOPE_HOUSE,
        medium=events.CONSENT_MEDIUM_POST,
        texts=[pb.ConsentText(language="nl", title="Nieuws")],
    )
    assert (await refusal(customers.consents.CreateConsent(request))).reason == "TOO_MANY_CONSENTS"


async def test_merging_keeps_a_no_of_either_record(customers: Customers) -> None:
    news, offers = await customers.asking(), await customers.asking()
    stays, goes = await customers.customer("ada@example.org"), await customers.customer("ada@work.example")
    await customers.consents.AnswerConsents(answering(stays, news))
    await customers.consents.AnswerConsents(answering(goes, news, offers))
    await customers.consents.AnswerConsents(taking_back(goes, news))
    await customers.stub.MergeCustomers(
        customers_pb2.MergeCustomersRequest(house_id=DUTCH, customer_id=stays, merged_customer_id=goes)
    )
    states = {one: answer.state for one, answer in (await customers.answers(stays)).items()}
    assert states == {
        news.consent_id: events.CONSENT_STATE_WITHDRAWN,
        offers.consent_id: events.CONSENT_STATE_CONFIRMED,
    }
    assert not [check for check in await customers.audit() if check.violations]
