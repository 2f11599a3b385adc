"""R3.16: a promoter sees audience data only of customers who consented, of what is granted at that moment."""

from __future__ import annotations

import pytest
from balcon.accounts.v1.grants_pb2 import HouseGrants
from balcon.catalogue.v1 import catalogue_events_pb2 as catalogue
from balcon.catalogue.v1.performances_pb2 import Performance
from balcon.customers.v1 import consents_pb2 as pb
from balcon.customers.v1 import customers_events_pb2 as events

from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.testing.refusals import refusal
from tests.integration.customers.neighbours import DUTCH, GERMAN, Neighbours
from tests.integration.customers.stage import Customers, a_tick

CALLS = "services.customers.api.consent_calls.current_principal"


@pytest.fixture(autouse=True)
def promoter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who calls; that the interceptor lets in nobody else is tested over every call."""
    monkeypatch.setattr(CALLS, lambda: PrincipalRef(PrincipalKind.PROMOTER, "psn_1"))


async def buyer(customers: Customers, email: str, *given: pb.Consent, show: str = "perf_1") -> str:
    """Somebody who has bought for a performance and consented to so much."""
    who = await customers.customer(email)
    if given:
        ticks = [a_tick(one) for one in given]
        await customers.consents.AnswerConsents(pb.AnswerConsentsRequest(house_id=DUTCH, customer_id=who, ticks=ticks))
    await customers.bought(f"ord_{email.partition('@')[0]}", who, show=show)
    return who


async def seen(customers: Customers, performance_id: str = "") -> set[str]:
    request = pb.ListGrantedAudienceRequest(house_id=DUTCH, performance_id=performance_id)
    return {one.customer_id for one in (await customers.consents.ListGrantedAudience(request)).members}


async def test_r3_16_a_promoter_sees_who_consented_to_it_or_to_what_they_bought_and_nobody_else(
    customers: Customers, neighbours: Neighbours
) -> None:
    shown = Performance(house_id=DUTCH, performance_id="perf_1", production_id="prd_1")
    await customers.tell_show(catalogue.PerformanceCreated(performance=shown))
    promoter = await customers.asking(events.CONSENT_SCOPE_PROMOTER, "grt_mine")
    rival = await customers.asking(events.CONSENT_SCOPE_PROMOTER, "grt_rival")
    production = await customers.asking(events.CONSENT_SCOPE_PRODUCTION, "prd_1")
    show = await customers.asking(events.CONSENT_SCOPE_PERFORMANCE, "perf_1")
    general = await customers.asking()
    expected = {
        await buyer(customers, "to-me@example.org", promoter),
        await buyer(customers, "to-production@example.org", production),
        await buyer(customers, "to-show@example.org", show),
    }
    await buyer(customers, "to-rival@example.org", rival)
    await buyer(customers, "to-house@example.org", general)
    await buyer(customers, "to-nothing@example.org")
    elsewhere = await buyer(customers, "bought-elsewhere@example.org", promoter, show="perf_2")
    grants = HouseGrants(house_id=DUTCH, performance_ids=["perf_1"], grant_ids=["grt_mine"])
    neighbours.accounts.granted = [grants]
    assert await seen(customers) == expected
    assert await seen(customers, "perf_2") == set()
    grants.ClearField("performance_ids")
    grants.production_ids.append("prd_1")
    assert await seen(customers) == expected
    grants.whole_house = True
    assert await seen(customers) == expected | {elsewhere}
    neighbours.accounts.granted = []
    request = pb.ListGrantedAudienceRequest(house_id=DUTCH)
    ungranted = await refusal(customers.consents.ListGrantedAudience(request))
    unknown = await refusal(customers.consents.ListGrantedAudience(pb.ListGrantedAudienceRequest(house_id="hse_x")))
    assert ungranted.reason == unknown.reason == "HOUSE_NOT_FOUND"


async def test_r3_16_who_takes_a_consent_back_or_has_only_been_asked_is_not_seen(
    customers: Customers, neighbours: Neighbours
) -> None:
    promoter = await customers.asking(events.CONSENT_SCOPE_PROMOTER, "grt_mine")
    ada = await buyer(customers, "ada@example.org", promoter)
    neighbours.accounts.granted = [HouseGrants(house_id=DUTCH, whole_house=True, grant_ids=["grt_mine"])]
    assert await seen(customers) == {ada}
    back = pb.AnswerConsentsRequest(house_id=DUTCH, customer_id=ada, withdrawn_consent_ids=[promoter.consent_id])
    await customers.consents.AnswerConsents(back)
    assert await seen(customers) == set()
    on = pb.SetConsentSettingsRequest(house_id=DUTCH, double_opt_in=pb.DOUBLE_OPT_IN_ON)
    await customers.consents.SetConsentSettings(on)
    await customers.consents.AnswerConsents(
        pb.AnswerConsentsRequest(house_id=DUTCH, customer_id=ada, ticks=[a_tick(promoter)])
    )
    assert await customers.state(ada, promoter.consent_id) == "ASKED"
    assert await seen(customers) == set()


async def test_an_address_is_told_for_e_mail_alone_and_the_house_sees_its_own_page_by_page(
    customers: Customers,
) -> None:
    mail = await customers.asking()
    post = await customers.asking(medium=events.CONSENT_MEDIUM_POST)
    ada = await buyer(customers, "ada@example.org", mail, post)
    grace = await buyer(customers, "grace@example.org", post)
    await buyer(customers, "alan@example.org")
    first = await customers.consents.ListAudience(pb.ListAudienceRequest(house_id=DUTCH, page_size=1))
    rest = pb.ListAudienceRequest(house_id=DUTCH, page_size=1, page_token=first.next_page_token)
    second = await customers.consents.ListAudience(rest)
    told = {one.customer_id: (one.email, len(one.media)) for one in (*first.members, *second.members)}
    assert told == {ada: ("ada@example.org", 2), grace: ("", 1)}
    assert not second.next_page_token
    only = pb.ListAudienceRequest(house_id=DUTCH, consent_id=mail.consent_id, performance_id="perf_1")
    assert [one.customer_id for one in (await customers.consents.ListAudience(only)).members] == [ada]
    assert not (await customers.consents.ListAudience(pb.ListAudienceRequest(house_id=GERMAN))).members
