"""What integrations may ask and say: addresses of those who have consented, and a no that was said elsewhere."""

from __future__ import annotations

from balcon.customers.v1 import consents_pb2 as pb
from balcon.customers.v1 import customers_events_pb2 as events
from balcon.customers.v1 import customers_pb2

from services.contracts.wire_types import wire_instant
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.refusals import refusal
from tests.integration.customers.neighbours import DUTCH, GERMAN
from tests.integration.customers.stage import Customers, a_tick
from tests.integration.customers.test_consents import answering


async def consented(customers: Customers, who: list[str], *asked: pb.Consent, house_id: str = DUTCH) -> list[str]:
    """The addresses that are told."""
    ids = [one.consent_id for one in asked]
    request = pb.ListConsentedRequest(house_id=house_id, customer_ids=who, consent_ids=ids)
    return [one.email for one in (await customers.consents.ListConsented(request)).customers]


async def taken_back(customers: Customers, who: str, asked: pb.Consent, said_at_ms: int) -> list[str]:
    request = pb.WithdrawConsentsRequest(
        house_id=DUTCH,
        customer_id=who,
        consent_ids=[asked.consent_id],
        said_at=wire_instant(said_at_ms),
        system="mailchimp",
    )
    return list((await customers.consents.WithdrawConsents(request)).consent_ids)


async def test_r3_16_an_integration_is_told_the_address_of_nobody_whose_consent_does_not_count(
    customers: Customers,
) -> None:
    news, texts = await customers.asking(), await customers.asking(medium=events.CONSENT_MEDIUM_SMS)
    other = await customers.asking()
    ada, grace, alan = [await customers.customer(f"{name}@example.org") for name in ("ada", "grace", "alan")]
    await customers.consents.AnswerConsents(answering(ada, news, texts))
    await customers.consents.AnswerConsents(answering(grace, texts))
    await customers.consents.AnswerConsents(answering(alan, other))
    everybody = [ada, grace, alan]
    assert await consented(customers, everybody, news, texts) == ["ada@example.org"]
    assert await consented(customers, everybody, other) == ["alan@example.org"]
    assert await consented(customers, everybody, news, house_id=GERMAN) == []
    back = pb.AnswerConsentsRequest(house_id=DUTCH, customer_id=ada, withdrawn_consent_ids=[news.consent_id])
    await customers.consents.AnswerConsents(back)
    await customers.stub.EraseCustomer(customers_pb2.EraseCustomerRequest(house_id=DUTCH, customer_id=alan))
    assert await consented(customers, everybody, news, other) == []


async def test_r3_19_who_has_only_been_asked_is_told_to_no_integration(customers: Customers) -> None:
    news = await customers.asking(house_id=GERMAN)
    ada = await customers.customer("ada@example.org", GERMAN)
    await customers.consents.AnswerConsents(answering(ada, news, house_id=GERMAN))
    assert await customers.state(ada, news.consent_id, GERMAN) == "ASKED"
    assert await consented(customers, [ada], news, house_id=GERMAN) == []


async def test_r3_18_a_no_said_elsewhere_is_an_opt_out_here_and_never_a_consent(
    customers: Customers, clock: ShiftedClock
) -> None:
    news = await customers.asking()
    ada = await customers.customer("ada@example.org")
    assert await taken_back(customers, ada, news, clock.now_ms()) == []
    assert await customers.state(ada, news.consent_id) == ""
    await customers.consents.AnswerConsents(answering(ada, news))
    assert await taken_back(customers, ada, news, clock.now_ms() + 1) == [news.consent_id]
    assert await taken_back(customers, ada, news, clock.now_ms() + 1) == []
    [stands] = (await customers.answers(ada)).values()
    assert (stands.state, stands.source) == (events.CONSENT_STATE_WITHDRAWN, events.CONSENT_SOURCE_INTEGRATION)
    assert stands.history[-1].note == "mailchimp"


async def test_a_consent_given_after_a_no_elsewhere_stands(customers: Customers, clock: ShiftedClock) -> None:
    news = await customers.asking()
    ada = await customers.customer("ada@example.org")
    said_at_ms = clock.now_ms()
    clock.forward(days=1)
    request = pb.AnswerConsentsRequest(house_id=DUTCH, customer_id=ada, ticks=[a_tick(news)])
    await customers.consents.AnswerConsents(request)
    assert await taken_back(customers, ada, news, said_at_ms) == []
    assert await customers.state(ada, news.consent_id) == "CONFIRMED"


async def test_a_no_of_somebody_who_is_not_there_is_refused(customers: Customers) -> None:
    news = await customers.asking()
    request = pb.WithdrawConsentsRequest(
        house_id=DUTCH,
        customer_id="cus_nobody",
        consent_ids=[news.consent_id],
        said_at=wire_instant(1),
        system="mailchimp",
    )
    assert (await refusal(customers.consents.WithdrawConsents(request))).reason == "CUSTOMER_NOT_FOUND"
