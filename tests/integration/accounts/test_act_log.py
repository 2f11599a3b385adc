"""A house's act log: told by every service, read by page, with people's names as they are now, and never changed."""

from __future__ import annotations

from typing import Any

import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy.exc import DBAPIError

from services.accounts.adapters.act_rows import add_act
from services.accounts.domain.act_log import RecordedAct
from services.contracts.wire_types import wire_instant
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.testing import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import Accounts

HOUSE = "hse_1"
ANNA = PrincipalRef(PrincipalKind.STAFF, "psn_anna")


async def keep(accounts: Accounts, *acts: RecordedAct) -> None:
    """As the consumer of the topic of acts does."""
    async with accounts.engine.begin() as connection:
        for act in acts:
            await add_act(connection, act)


def an_act(number: int, /, **changes: Any) -> RecordedAct:
    fields: dict[str, Any] = {
        "act_id": f"act_{number:03}",
        "house_id": HOUSE,
        "done_at_ms": 1_000 * number,
        "who": ANNA,
        "act": "performance.moved",
        "thing": "performance",
        "thing_id": "prf_1",
    }
    return RecordedAct(**(fields | changes))


async def listed(accounts: Accounts, **asked: Any) -> list[str]:
    """The ids of all acts that are asked for, page by page."""
    found: list[str] = []
    token = ""
    while True:
        request = pb.ListActsRequest(**({"house_id": HOUSE, "page_token": token} | asked))
        answer = await accounts.stub.ListActs(request)
        found += [act.act_id for act in answer.acts]
        token = answer.next_page_token
        if not token:
            return found


async def test_what_a_house_does_reaches_its_log_and_names_who_did_it(accounts: Accounts) -> None:
    made = await accounts.sign_up("genova")
    change = pb.UpdateHouseRequest(
        house_id=made.house.house_id,
        house=pb.HouseChange(name="Genova Circus"),
        update_mask=FieldMask(paths=["name"]),
        etag=made.house.etag,
    )
    await accounts.stub.UpdateHouse(change)

    async def both_are_there() -> None:
        acts = (await accounts.stub.ListActs(pb.ListActsRequest(house_id=made.house.house_id))).acts
        assert [act.act for act in acts] == ["house.changed", "house.created"]
        assert [(fact.fact, fact.value) for fact in acts[0].facts] == [("fields", "name")]

    await eventually(both_are_there)


async def test_names_are_those_of_now_and_none_is_kept_in_the_log(accounts: Accounts) -> None:
    made = await accounts.sign_up("genova")
    who = PrincipalRef(PrincipalKind.STAFF, made.person.person_id)
    await keep(accounts, an_act(1, who=who), an_act(2, who=PrincipalRef(PrincipalKind.RESELLER, "rsl_1")))
    request = pb.ListActsRequest(house_id=HOUSE)
    reseller, person = (await accounts.stub.ListActs(request)).acts
    assert (person.who_name, person.who_email) == ("Ada Owner", "owner@genova.example")
    assert (reseller.who_name, reseller.who_email, reseller.who.subject) == ("", "", "rsl_1")
    await accounts.damage("UPDATE people SET name = 'Ada Married'")
    assert [act.who_name for act in (await accounts.stub.ListActs(request)).acts] == ["", "Ada Married"]
    stored = await accounts.rows("SELECT row_to_json(act_log)::text FROM act_log")
    assert "Ada" not in str(stored)
    assert "@" not in str(stored)


async def test_pages_are_the_newest_first_and_neither_skip_nor_repeat(accounts: Accounts) -> None:
    # Three of the same millisecond: the id decides.
    acts = [an_act(number, done_at_ms=1_000 * (number // 3)) for number in range(10)]
    await keep(accounts, *acts)
    everything = [f"act_{number:03}" for number in reversed(range(10))]
    for page_size in (1, 2, 3, 10, 0):
        assert await listed(accounts, page_size=page_size) == everything
    first = await accounts.stub.ListActs(pb.ListActsRequest(house_id=HOUSE, page_size=4))
    await keep(accounts, an_act(99, done_at_ms=99_000))
    rest = pb.ListActsRequest(house_id=HOUSE, page_token=first.next_page_token)
    assert [act.act_id for act in (await accounts.stub.ListActs(rest)).acts] == everything[4:]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"from_at": wire_instant(3_000)}, [4, 3]),
        ({"until_at": wire_instant(3_000)}, [2, 1]),
        ({"from_at": wire_instant(2_000), "until_at": wire_instant(3_000)}, [2]),
        ({"who_subject": "psn_anna"}, [3, 2, 1]),
        ({"act_prefix": "performance."}, [3, 2, 1]),
        ({"act_prefix": "performance.move"}, [3, 1]),
        # A wildcard of the database's is a letter like any other.
        ({"act_prefix": "performance_"}, []),
        ({"thing": "performance"}, [3, 2, 1]),
        ({"thing": "performance", "thing_id": "prf_2"}, [3]),
        ({"who_subject": "psn_bert", "thing_id": "prf_1"}, []),
    ],
)
async def test_a_filter_finds_what_it_names_and_nothing_else(
    accounts: Accounts, asked: dict[str, Any], numbers: list[int]
) -> None:
    await keep(
        accounts,
        an_act(1),
        an_act(2, act="performance.created"),
        an_act(3, thing_id="prf_2"),
        an_act(4, act="hall.created", thing="hall", thing_id="hal_1", who=None),
    )
    assert await listed(accounts, **asked) == [f"act_{number:03}" for number in numbers]


async def test_r3_1_another_houses_acts_are_not_in_the_log(accounts: Accounts) -> None:
    await keep(accounts, an_act(1), an_act(2, house_id="hse_2"))
    assert await listed(accounts) == ["act_001"]
    assert await listed(accounts, house_id="hse_nobody") == []


@pytest.mark.parametrize(
    "statement",
    ["UPDATE act_log SET reason = 'nothing happened'", "DELETE FROM act_log", "TRUNCATE act_log"],
)
async def test_the_database_itself_refuses_to_change_what_was_done(accounts: Accounts, statement: str) -> None:
    await keep(accounts, an_act(1, reason="why"))
    with pytest.raises(DBAPIError, match="append-only"):
        await accounts.damage(statement)
    assert await accounts.rows("SELECT act_id, reason FROM act_log") == [("act_001", "why")]


async def test_an_act_that_comes_again_is_there_once_as_it_was(accounts: Accounts) -> None:
    await keep(accounts, an_act(1, reason="first"), an_act(1, reason="second"))
    assert await accounts.rows("SELECT act_id, reason FROM act_log") == [("act_001", "first")]


async def test_a_service_without_a_record_tells_an_act_once(accounts: Accounts) -> None:
    house_id = (await accounts.sign_up("genova")).house.house_id
    request = pb.RecordActRequest(
        idempotency_key="look-1",
        house_id=house_id,
        act="house.looked_at",
        thing="house",
        thing_id=house_id,
        reason="a question of the house",
        facts=[pb.ActFact(fact="method", value="ListOrders")],
    )
    for _ in range(3):
        await accounts.stub.RecordAct(request)
    request.reason = "something else"
    assert (await refusal(accounts.stub.RecordAct(request))).reason == "IDEMPOTENCY_KEY_REUSED"

    async def is_there_once() -> None:
        asked = pb.ListActsRequest(house_id=house_id, act_prefix="house.looked_at")
        acts = (await accounts.stub.ListActs(asked)).acts
        assert [(act.reason, act.facts[0].value) for act in acts] == [("a question of the house", "ListOrders")]

    await eventually(is_there_once)


async def test_no_act_is_told_of_a_house_that_is_not_there(accounts: Accounts) -> None:
    request = pb.RecordActRequest(
        idempotency_key="k", house_id="hse_nobody", act="house.looked_at", thing="house", thing_id="hse_nobody"
    )
    assert (await refusal(accounts.stub.RecordAct(request))).reason == "HOUSE_NOT_FOUND"


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        (
            {"act": "moved", "thing": "A", "thing_id": "?", "reason": "x" * 201},
            ["act", "thing", "thing_id", "reason"],
        ),
        ({"facts": [pb.ActFact(fact="Fact", value="v")]}, ["facts[0].fact"]),
        ({"facts": [pb.ActFact(fact="f", value="x" * 201)]}, ["facts[0].value"]),
        ({"facts": [pb.ActFact(fact="f", value="v")] * 2}, ["facts"]),
        ({"facts": [pb.ActFact(fact=f"f{n}", value="v") for n in range(21)]}, ["facts"]),
    ],
)
async def test_an_act_out_of_bounds_names_all_that_is_wrong(
    accounts: Accounts, wrong: dict[str, Any], fields: list[str]
) -> None:
    good: dict[str, Any] = {
        "idempotency_key": "k",
        "house_id": HOUSE,
        "act": "house.looked_at",
        "thing": "house",
        "thing_id": HOUSE,
    }
    refused = await refusal(accounts.stub.RecordAct(pb.RecordActRequest(**(good | wrong))))
    assert [violation.field for violation in refused.violations] == fields


async def test_a_filter_out_of_bounds_names_all_that_is_wrong(accounts: Accounts) -> None:
    request = pb.ListActsRequest(
        house_id=HOUSE,
        from_at=wire_instant(2),
        until_at=wire_instant(1),
        who_subject="?",
        act_prefix="Moved",
        thing="?",
        thing_id="?",
        page_size=501,
        page_token="?",
    )
    refused = await refusal(accounts.stub.ListActs(request))
    assert [violation.field for violation in refused.violations] == [
        "until_at",
        "who_subject",
        "act_prefix",
        "thing",
        "thing_id",
        "page_size",
        "page_token",
    ]
