"""OutboundService: what staff see and do, houses apart, each write an act, and nothing personal told anywhere."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.outbound.v1 import outbound_service_pb2 as pb
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from services.contracts.outbound_checks import OUTBOUND_CHECKS
from services.contracts.outbound_servicer import OutboundServicer, TargetNotFound
from services.contracts.sql_checks import checked
from services.runtime.ids import SeededIds
from services.runtime.outbound.masking import masked
from services.runtime.outbound.port import Done, Later, Locked, Settled
from services.runtime.outbound.upkeep import OutboundWatch, forget_bodies, forget_dispatches, forget_exchanges
from services.runtime.rpc.errors import Refused
from services.runtime.sql.connections import connected
from tests.integration.outbound.stage import EVERYTHING, FAR, HOUSE, NEAR, OTHER_HOUSE, Stage, dispatch

REFUSED = Done(Settled.REFUSED, "answered 400: unknown currency")
NOBODY: Any = None


@contextmanager
def refused_with(kind: type[object]) -> Iterator[None]:
    with pytest.raises(Refused) as caught:
        yield
    assert isinstance(caught.value.refusal, kind)


@pytest.fixture
def servicer(stage: Stage) -> OutboundServicer:
    return OutboundServicer("trackers", stage.desk, stage.clock, SeededIds(7), lambda: None)


async def told(stage: Stage) -> None:
    """Three refused and two delivered of NEAR, one delivered of the other house's."""
    stage.company.script[NEAR] = deque([REFUSED] * 3)
    await stage.put(*[dispatch(f"{number}", made_at_ms=number) for number in range(5)], dispatch("a", FAR))
    await stage.carry()


async def test_a_house_sees_targets_dispatches_and_ledger_by_pages(stage: Stage, servicer: OutboundServicer) -> None:
    await told(stage)
    targets = (await servicer.ListTargets(pb.ListTargetsRequest(house_id=HOUSE), NOBODY)).targets
    assert [(each.integration, each.target_id, each.state, each.waiting, each.failure) for each in targets] == [
        ("trackers", NEAR.target_id, pb.TARGET_STATE_OPEN, 0, "answered 400: unknown currency")
    ]
    token = ""
    pages: list[list[str]] = []
    while not pages or token:
        answer = await servicer.ListDispatches(
            pb.ListDispatchesRequest(house_id=HOUSE, page_size=2, page_token=token), NOBODY
        )
        token = answer.next_page_token
        pages.append([each.about for each in answer.dispatches])
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    refused = await servicer.ListDispatches(
        pb.ListDispatchesRequest(house_id=HOUSE, state=pb.DISPATCH_STATE_REFUSED), NOBODY
    )
    assert [each.replayable for each in refused.dispatches] == [True] * 3
    lines = await servicer.ListExchanges(pb.ListExchangesRequest(house_id=HOUSE, outcome="refused"), NOBODY)
    assert [(each.asked, each.dispatches) for each in lines.exchanges] == [("POST /events", 1)] * 3


async def test_no_call_reaches_another_house(stage: Stage, servicer: OutboundServicer) -> None:
    await told(stage)
    near, house = NEAR.target_id, OTHER_HOUSE
    [listed] = await stage.rows("SELECT dispatch_id FROM outbound_dispatch WHERE target_id = :id LIMIT 1", id=near)
    before = await stage.rows("SELECT * FROM outbound_dispatch WHERE house_id = :house ORDER BY place", house=HOUSE)
    assert not (await servicer.ListTargets(pb.ListTargetsRequest(house_id=house, target_id=near), NOBODY)).targets
    dispatches = pb.ListDispatchesRequest(house_id=house, target_id=near)
    assert not (await servicer.ListDispatches(dispatches, NOBODY)).dispatches
    assert not (await servicer.ListExchanges(pb.ListExchangesRequest(house_id=house, target_id=near), NOBODY)).exchanges
    with refused_with(TargetNotFound):
        await servicer.PauseTarget(pb.PauseTargetRequest(house_id=house, target_id=near), NOBODY)
    with refused_with(TargetNotFound):
        await servicer.ResumeTarget(pb.ResumeTargetRequest(house_id=house, target_id=near), NOBODY)
    with refused_with(TargetNotFound):
        await servicer.ReplayDispatches(pb.ReplayDispatchesRequest(house_id=house, target_id=near), NOBODY)
    own = pb.ReplayDispatchesRequest(house_id=house, target_id=FAR.target_id, dispatch_ids=[listed.dispatch_id])
    assert (await servicer.ReplayDispatches(own, NOBODY)).replayed == 0
    assert before == await stage.rows(
        "SELECT * FROM outbound_dispatch WHERE house_id = :house ORDER BY place", house=HOUSE
    )
    assert (await stage.target(NEAR)).paused_at_ms is None


async def test_pause_resume_and_replay_are_acts_of_the_house(stage: Stage, servicer: OutboundServicer) -> None:
    await told(stage)
    named: dict[str, Any] = {"house_id": HOUSE, "target_id": NEAR.target_id}
    paused = await servicer.PauseTarget(pb.PauseTargetRequest(**named), NOBODY)
    assert paused.target.state == pb.TARGET_STATE_PAUSED
    assert (await servicer.ReplayDispatches(pb.ReplayDispatchesRequest(**named), NOBODY)).replayed == 3
    assert await stage.carry() == []
    resumed = await servicer.ResumeTarget(pb.ResumeTargetRequest(**named), NOBODY)
    assert (resumed.target.state, resumed.target.waiting) == (pb.TARGET_STATE_OPEN, 3)
    assert sorted(await stage.carry()) == ["0", "1", "2"]
    acts = [ActDone.FromString(row.payload) for row in await stage.rows("SELECT payload FROM outbox ORDER BY id")]
    assert [(act.act, act.thing_id, act.facts["count"]) for act in acts] == [
        ("outbound.paused", NEAR.target_id, "1"),
        ("outbound.replayed", NEAR.target_id, "3"),
        ("outbound.resumed", NEAR.target_id, "1"),
    ]


async def test_a_window_of_time_is_sent_again(stage: Stage, servicer: OutboundServicer) -> None:
    await told(stage)
    request = pb.ReplayDispatchesRequest(
        house_id=HOUSE, target_id=NEAR.target_id, settled_as=[pb.DISPATCH_STATE_DELIVERED]
    )
    request.from_at.FromMilliseconds(stage.clock.now_ms() + 60_000)
    assert (await servicer.ReplayDispatches(request, NOBODY)).replayed == 0
    request.from_at.FromMilliseconds(stage.clock.now_ms() - 60_000)
    assert (await servicer.ReplayDispatches(request, NOBODY)).replayed == 2
    assert sorted(await stage.carry()) == ["3", "4"]


async def test_every_state_of_a_target_is_told(stage: Stage, servicer: OutboundServicer) -> None:
    await stage.put(dispatch("a"), dispatch("b", FAR))
    stage.company.script[NEAR] = deque([Later("answered 429", after_ms=60_000)])
    stage.company.script[FAR] = deque([Locked("answered 401")])
    await stage.carry()
    [near] = (await servicer.ListTargets(pb.ListTargetsRequest(house_id=HOUSE), NOBODY)).targets
    [far] = (await servicer.ListTargets(pb.ListTargetsRequest(house_id=OTHER_HOUSE), NOBODY)).targets
    assert (near.state, near.HasField("next_try_at"), near.failure) == (pb.TARGET_STATE_RESTING, True, "answered 429")
    assert (far.state, far.locked_why, far.waiting) == (pb.TARGET_STATE_LOCKED, "answered 401", 1)


async def test_nothing_personal_or_secret_is_in_ledger_logs_metrics_or_acts(
    stage: Stage, servicer: OutboundServicer
) -> None:
    email, secret = "ada@example.org", "sk_live_0123456789abcdef0123456789abcdef"
    note = masked(f'{{"error": "{email} is unknown", "token": "{secret}"}}')
    stage.company.script[NEAR] = deque([Done(Settled.REFUSED, note)])
    stage.company.raises["c"] = ValueError("a fault of ours")
    with capture_logs() as logs:
        await stage.put(*[dispatch(key, body=f"{email} {secret}".encode()) for key in ("a", "b", "c")])
        await stage.carry()
        await servicer.ReplayDispatches(pb.ReplayDispatchesRequest(house_id=HOUSE, target_id=NEAR.target_id), NOBODY)
        await OutboundWatch("stage", stage.engine, stage.clock).look()
    written = [json.dumps(logs, default=str), generate_latest(REGISTRY).decode()]
    for table in ("outbound_target", "outbound_dispatch", "outbound_exchange", "outbox"):
        written += map(repr, await stage.rows(f"SELECT * FROM {table}"))
    assert any("carrier_broke" in text for text in written), "nothing was logged: this has shown nothing"
    for text in written:
        assert email not in text
        assert secret not in text
    metrics = [line for line in written[1].splitlines() if line.startswith("balcon_outbound")]
    assert metrics
    assert not [line for line in metrics if HOUSE in line or NEAR.target_id in line or "dsp_" in line]


async def test_the_audit_finds_what_it_looks_for_and_nothing_in_a_sound_record(stage: Stage) -> None:
    await told(stage)
    await stage.put(dispatch("waits", due_at_ms=stage.clock.now_ms() + 3_600_000))

    async def violations() -> list[int]:
        async with connected(stage.engine, EVERYTHING) as connection:
            return [len(check.violations) for check in await checked(connection, OUTBOUND_CHECKS, {})]

    assert await violations() == [0, 0, 0, 0]
    await stage.change("DELETE FROM outbound_exchange WHERE house_id = :house", house=OTHER_HOUSE)
    await stage.change("UPDATE outbound_dispatch SET settled_at_ms = NULL WHERE settled = 'refused'")
    await stage.change("UPDATE outbound_dispatch SET expires_at_ms = 1 WHERE key = 'waits'")
    await stage.change("DELETE FROM outbound_target WHERE house_id = :house", house=HOUSE)
    assert await violations() == [1, 3, 1, 1]


async def test_bodies_go_first_then_dispatches_then_the_ledger(stage: Stage) -> None:
    await told(stage)
    await stage.put(dispatch("waits", due_at_ms=stage.clock.now_ms() + 3_600_000))
    later = stage.clock.now_ms() + 1
    assert await forget_bodies(stage.engine)(later, 100) == 6
    assert await forget_bodies(stage.engine)(later, 100) == 0
    assert await forget_dispatches(stage.engine)(later, 100) == 6
    assert await stage.states() == {"waits": "waiting"}
    assert await forget_exchanges(stage.engine)(later, 100) == 6
