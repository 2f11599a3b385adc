"""What a house lets its buyers do, over the wire and in its own database: versions, whose they are, and since when."""

from __future__ import annotations

import asyncio
from typing import Any

from balcon.orders.v1 import buyer_policy_pb2 as wire
from balcon.orders.v1.buyer_policy_pb2_grpc import BuyerPolicyServiceStub
from google.protobuf.field_mask_pb2 import FieldMask

from services.orders.adapters.postgres_buyer_policies import PostgresBuyerPolicies
from services.orders.domain.buyer_policy import BuyerPolicy, RefundRules, RequestRule
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.rpc.client import open_channel
from services.runtime.sql.engine import create_engine
from services.runtime.testing.refusals import refusal
from tests.integration.orders.conftest import CLOCK, Stage
from tests.unit.orders.builders import HOUSE, SHOW


def update(etag: str, rule: wire.RequestRule.ValueType, performance_id: str = "") -> wire.UpdateBuyerPolicyRequest:
    return wire.UpdateBuyerPolicyRequest(
        house_id=HOUSE,
        performance_id=performance_id,
        buyer_policy=wire.BuyerPolicy(refunds=wire.RefundRules(rule=rule, until_hours_before=48)),
        update_mask=FieldMask(paths=["refunds"]),
        etag=etag,
    )


async def listed(stub: Any) -> list[tuple[str, int, bool]]:
    """Performance, version and whether it is archived of every version, page by page."""
    versions: list[tuple[str, int, bool]] = []
    token = ""
    while True:
        page = await stub.ListBuyerPolicies(
            wire.ListBuyerPoliciesRequest(house_id=HOUSE, page_size=1, page_token=token)
        )
        versions += [(one.performance_id, one.policy_version, one.archived) for one in page.policies]
        token = page.next_page_token
        if not token:
            return versions


async def test_every_change_is_a_version_of_the_house_or_of_a_performance(stage: Stage) -> None:
    await stage.start()
    async with open_channel(stage.target(), CLOCK) as channel:
        stub = BuyerPolicyServiceStub(channel)
        ask = wire.GetBuyerPolicyRequest(house_id=HOUSE, performance_id=SHOW)
        nothing = (await stub.GetBuyerPolicy(ask)).policy
        assert (nothing.policy_version, nothing.refunds.rule, nothing.etag) == (0, wire.REQUEST_RULE_NEVER, '"0"')

        first = (await stub.UpdateBuyerPolicy(update('"0"', wire.REQUEST_RULE_ASKED))).policy
        again = (await stub.UpdateBuyerPolicy(update('"0"', wire.REQUEST_RULE_ASKED))).policy
        assert first == again, "an answer that was lost may be asked for again"
        stale = await refusal(stub.UpdateBuyerPolicy(update('"0"', wire.REQUEST_RULE_GRANTED)))
        assert (stale.reason, stale.facts["etag"]) == ("ETAG_STALE", '"1"')

        own = (await stub.UpdateBuyerPolicy(update('"1"', wire.REQUEST_RULE_GRANTED, SHOW))).policy
        assert (own.performance_id, own.policy_version, own.etag) == (SHOW, 1, '"p1"')
        assert (await refusal(stub.UpdateBuyerPolicy(update('"1"', wire.REQUEST_RULE_NEVER, SHOW)))).facts == {
            "thing": "buyer policy",
            "etag": '"p1"',
        }, "the house's first version is not the performance's"
        assert (await stub.GetBuyerPolicy(ask)).policy == own
        assert (await stub.GetBuyerPolicy(wire.GetBuyerPolicyRequest(house_id=HOUSE))).policy == first

        archive = wire.ArchiveBuyerPolicyRequest(house_id=HOUSE, performance_id=SHOW, etag='"p1"')
        assert (await stub.ArchiveBuyerPolicy(archive)).policy == first
        assert (await stub.GetBuyerPolicy(ask)).policy == first
        assert (await refusal(stub.ArchiveBuyerPolicy(archive))).reason == "BUYER_POLICY_NOT_FOUND"
        unknown = await refusal(stub.UpdateBuyerPolicy(update('"1"', wire.REQUEST_RULE_NEVER, "perf_unknown")))
        assert unknown.reason == "PERFORMANCE_NOT_FOUND"

        assert await listed(stub) == [(SHOW, 2, True), (SHOW, 1, False), ("", 1, False)]

    clock, ids = SystemClock(), RandomIds()
    engine = create_engine(stage.settings["database_url"], application="test")
    policies = PostgresBuyerPolicies(engine, clock, ids, committed=lambda: None)
    then = (await policies.in_force(HOUSE, [SHOW], own.since_at.ToMilliseconds()))[SHOW]
    assert (then.performance_id, then.refunds.rule) == (SHOW, RequestRule.GRANTED), "as it was at that time"
    assert (await policies.in_force(HOUSE, [SHOW], 1))[SHOW].version == 0
    new = BuyerPolicy(RefundRules(RequestRule.NEVER))
    two = await asyncio.gather(policies.add(HOUSE, new, '"1"'), policies.add(HOUSE, new, '"1"'))
    assert sorted(type(one).__name__ for one in two) == ["BuyerPolicy", "EtagStale"], "of two at once one is told"
    await engine.dispose()
