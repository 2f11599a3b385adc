"""Google's Data Manager API over real HTTP: tokens, what is said, what is heard and when, and its bad days."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.integrations.trackers.adapters.google_conversions import REQUEST
from services.integrations.trackers.domain.conversion import (
    Conversion,
    GoogleAccount,
    RefreshToken,
    ServiceAccount,
)
from services.integrations.trackers.domain.hashing import Person, sha256
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.visit import Traces
from services.runtime.outbound.port import Carried, Done, Later, Locked, Settled
from tests.doubles.company import SERVER_ERROR, Spoiled, holding
from tests.doubles.google_data_manager import GoogleDouble
from tests.integration.trackers.companies import GOOGLE, PRIVATE_KEY, TARGET, Companies, companies, purchase

INGEST = "/v1/events:ingest"


@pytest.fixture
async def world() -> AsyncIterator[Companies]:
    async with companies() as found:
        yield found


async def tell(world: Companies, *conversions: Conversion, account: GoogleAccount = GOOGLE) -> Carried:
    return await world.google.tell(TARGET, account, conversions, "purchase")


def values(double: GoogleDouble, action: str = "222") -> dict[str, list[float | None]]:
    return {name: [event.conversion_value for event in events] for name, events in double.counted[action].items()}


def is_delivered(carried: Carried) -> bool:
    return all(isinstance(outcome, Done) and outcome.how is Settled.DELIVERED for outcome in carried.outcomes)


async def test_a_purchase_is_said_with_the_event_id_as_transaction_and_googles_hashes(world: Companies) -> None:
    at_ms = purchase().at_ms // 1_000 * 1_000
    carried = await tell(world, purchase(at_ms=at_ms, person=Person(email="J.Doe+x@gmail.com", phone="+31612345678")))
    token, asked = world.google_double.asked
    assert (token.path, asked.path, asked.query) == ("/token", INGEST, "")
    said = json.loads(asked.body)
    (event,) = said.pop("events")
    stamp = event.pop("eventTimestamp")
    assert stamp.endswith(".000Z")
    assert said == {
        "destinations": [
            {
                "reference": reference,
                "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"},
                "productDestinationId": action,
            }
            for reference, action in (("start", "111"), ("purchase", "222"))
        ],
        "encoding": "HEX",
        "validateOnly": False,
    }
    assert event == {
        "destinationReferences": ["purchase"],
        "transactionId": "ord_1.purchase",
        "eventSource": "WEB",
        "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"},
        "adIdentifiers": {"gclid": "Cj0KCQjw-gclid"},
        "userData": {
            "userIdentifiers": [
                {"emailAddress": sha256("jdoe@gmail.com")},
                {"phoneNumber": sha256("+31612345678")},
            ]
        },
        "eventDeviceInfo": {"userAgent": "Mozilla/5.0 (test)"},
        "currency": "EUR",
        "conversionValue": 25.0,
    }
    assert carried.outcomes == [Done(Settled.DELIVERED, "request request-1")]


async def test_r3_12_start_and_purchase_go_to_two_conversion_actions(world: Companies) -> None:
    start = replace(purchase(), step=Step.START, event_id="vis_1.start", worth=None, order_id="")
    await tell(world, start, purchase())
    assert {action: list(found) for action, found in world.google_double.counted.items()} == {
        "111": ["vis_1.start"],
        "222": ["ord_1.purchase"],
    }


async def test_a_refund_adjusts_what_was_told_to_what_is_left_of_it(world: Companies) -> None:
    await tell(world, purchase())
    partly = replace(purchase(), worth=Worth(1_000, "EUR"), refunded_at_ms=world.clock.now_ms())
    whole = replace(partly, worth=Worth(0, "EUR"))
    for adjusted in (partly, partly, whole):
        assert is_delivered(await tell(world, adjusted))
    assert values(world.google_double) == {"ord_1.purchase": [25.0, 10.0, 0.0]}
    assert world.google_double.duplicates == 1


async def test_an_answer_that_was_lost_is_made_up_for_by_the_same_transaction_id(world: Companies) -> None:
    await tell(world, purchase(9))
    world.google_double.spoil(replace(SERVER_ERROR, after_effect=True))
    first, again = await tell(world, purchase()), await tell(world, purchase())
    assert (isinstance(first.outcomes[0], Later), is_delivered(again)) == (True, True)
    assert (values(world.google_double)["ord_1.purchase"], world.google_double.duplicates) == ([25.0], 1)


async def test_a_token_is_asked_for_once_and_again_before_it_ends(world: Companies) -> None:
    for number in range(3):
        await tell(world, purchase(number))
    assert world.google_double.tokens_made == 1
    world.clock.off_ms = world.their_clock.off_ms = 3_400_000
    assert is_delivered(await tell(world, purchase(4)))
    assert world.google_double.tokens_made == 2


async def test_a_token_that_google_voids_is_renewed_and_nothing_is_lost(world: Companies) -> None:
    await tell(world, purchase(1))
    world.google_double.revoke()
    carried = await tell(world, purchase(2))
    assert is_delivered(carried)
    assert [exchange.kind for exchange in carried.exchanges] == ["purchase", "token", "purchase"]
    assert list(values(world.google_double)) == ["ord_1.purchase", "ord_2.purchase"]


async def test_a_refresh_token_is_as_good(world: Companies) -> None:
    account = replace(GOOGLE, credentials=RefreshToken("client", "client-secret-1", "refresh-token-1"))
    assert isinstance((await tell(world, purchase(), account=account)).outcomes[0], Locked)
    world.google_double.refresh_tokens["refresh-token-1"] = ("client", "client-secret-1")
    assert is_delivered(await tell(world, purchase(), account=account))


@pytest.mark.parametrize(
    "credentials",
    [
        ServiceAccount("nobody@house.iam.example", PRIVATE_KEY),
        ServiceAccount("balcon@house.iam.example", "no key at all"),
        RefreshToken("client", "secret", "gone"),
    ],
)
async def test_credentials_taken_back_lock_and_no_event_goes(
    world: Companies, credentials: ServiceAccount | RefreshToken
) -> None:
    carried = await tell(world, purchase(1), purchase(2), account=replace(GOOGLE, credentials=credentials))
    assert all(isinstance(outcome, Locked) for outcome in carried.outcomes)
    assert not world.google_double.asked_at(INGEST)


async def test_one_bad_event_does_not_sink_a_batch(world: Companies) -> None:
    world.google_double.disliked = {"ord_4.purchase", "ord_9.purchase"}
    nobody = replace(purchase(30), person=Person(), traces=Traces())
    carried = await tell(world, *(purchase(number) for number in range(20)), nobody)
    refused = [
        place
        for place, outcome in enumerate(carried.outcomes)
        if isinstance(outcome, Done) and outcome.how is Settled.REFUSED
    ]
    assert refused == [4, 9, 20]
    assert len(values(world.google_double)) == 18 and world.google_double.duplicates == 0
    assert len(world.google_double.asked_at(INGEST)) == 2


async def test_what_google_finds_out_later_is_asked_for(world: Companies) -> None:
    world.google_double.fails_later = {"ord_2.purchase"}
    carried = await tell(world, purchase(1), purchase(2), purchase(3))
    assert isinstance(carried.outcomes[0], Done)
    request = carried.outcomes[0].note.removeprefix(REQUEST)
    world.google_double.processing = True
    (still,) = (await world.google.look(TARGET, GOOGLE, request)).outcomes
    assert isinstance(still, Later) and not still.is_targets_fault
    world.google_double.processing = False
    (found,) = (await world.google.look(TARGET, GOOGLE, request)).outcomes
    assert found == Done(Settled.REFUSED, "Google could not use all: 1 PROCESSING_ERROR_REASON_INVALID_CLICK")
    fine = await tell(world, purchase(4))
    assert isinstance(fine.outcomes[0], Done)
    (good,) = (await world.google.look(TARGET, GOOGLE, fine.outcomes[0].note.removeprefix(REQUEST))).outcomes
    assert good == Done(Settled.DELIVERED, "Google could use every event")
    assert isinstance((await world.google.look(TARGET, GOOGLE, "request-99")).outcomes[0], Done)


async def test_validation_counts_nothing_and_says_what_is_wrong(world: Companies) -> None:
    assert is_delivered(await world.google.validate(TARGET, GOOGLE, purchase()))
    world.google_double.disliked = {"ord_1.purchase"}
    (outcome,) = (await world.google.validate(TARGET, GOOGLE, purchase())).outcomes
    assert isinstance(outcome, Done) and outcome.how is Settled.REFUSED and "INVALID_EVENT" in outcome.note
    assert world.google_double.counted == {}


async def test_an_account_that_is_not_as_the_tracker_says_locks_and_refuses_no_event(world: Companies) -> None:
    await tell(world, purchase(9))
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [
                {"field": "destinations[0].product_destination_id", "reason": "INVALID_CONVERSION_ACTION_ID"}
            ],
        }
    ]
    error = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "There was a problem", "details": details}}
    world.google_double.spoil(Spoiled(400, json.dumps(error).encode()))
    (outcome,) = (await tell(world, purchase())).outcomes
    assert isinstance(outcome, Locked) and "INVALID_CONVERSION_ACTION_ID" in outcome.note


@pytest.mark.parametrize(
    ("spoiled", "after_ms"),
    [
        (SERVER_ERROR, 0),
        (Spoiled(429, b'{"error":{"status":"RESOURCE_EXHAUSTED"}}', {"retry-after": "7"}), 7_000),
        (Spoiled(200, b"<html>"), 0),
        (Spoiled(200, b"{}"), 0),
        (Spoiled(400, b"<html>"), 0),
    ],
)
async def test_a_bad_day_of_google_refuses_nothing_and_is_over_with_it(
    world: Companies, spoiled: Spoiled, after_ms: int
) -> None:
    await tell(world, purchase(9))
    world.google_double.spoil(spoiled)
    (outcome,) = (await tell(world, purchase())).outcomes
    assert isinstance(outcome, Later) and outcome.after_ms == after_ms
    assert is_delivered(await tell(world, purchase()))


async def test_a_bad_day_of_the_token_endpoint_locks_nobody(world: Companies) -> None:
    world.google_double.spoil(SERVER_ERROR, Spoiled(200, b"<html>"))
    for _ in range(2):
        assert isinstance((await tell(world, purchase())).outcomes[0], Later)
    assert is_delivered(await tell(world, purchase()))


async def test_silence_is_later_and_uncertain() -> None:
    async with companies(read_seconds=0.2) as world:
        await tell(world, purchase(9))
        async with holding(world.google_double):
            (outcome,) = (await tell(world, purchase())).outcomes
    assert isinstance(outcome, Later) and outcome.is_uncertain


async def test_the_ledger_has_no_token_no_key_no_person_and_no_hash(world: Companies) -> None:
    kept = f"{await tell(world, purchase())}"
    secrets = ("ya29", "PRIVATE KEY", "jane.doe", "203.0.113.7", "86e0b9e5")
    assert not [secret for secret in secrets if secret in kept]
    assert "PRIVATE KEY" not in repr(GOOGLE)
