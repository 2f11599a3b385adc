"""From grants to what may be seen: asked anew each time, nothing without an answer."""

from __future__ import annotations

import pytest
from balcon.accounts.v1.accounts_service_pb2 import HouseGrants

from services.reporting.adapters.grpc_grants import GrpcGrants
from services.reporting.handlers.sights import Sights
from services.reporting.ports.figures import Sight
from services.reporting.ports.neighbours import NeighbourSilent
from services.runtime.clock import SystemClock
from services.runtime.rpc.client import open_channel
from tests.integration.reporting.accounts_twin import serving_accounts

PAULA = "psn_paula"


async def test_r3_3_a_person_sees_what_each_house_grants_and_only_that() -> None:
    async with serving_accounts() as accounts, open_channel(accounts.target, SystemClock()) as channel:
        sights = Sights(GrpcGrants(channel))
        accounts.granted[PAULA] = [
            HouseGrants(house_id="house_1", house_label="bourla", house_name="Bourla", whole_house=True),
            HouseGrants(house_id="house_2", house_label="kvs", house_name="KVS", production_ids=["r1"]),
            HouseGrants(house_id="house_3", house_label="nt", house_name="NT", performance_ids=["p1", "p2"]),
            HouseGrants(house_id="house_4", house_label="none", house_name="Nothing named"),
        ]
        houses = await sights.of(PAULA)
        assert [(house.label, house.name, house.sight) for house in houses] == [
            ("bourla", "Bourla", Sight("house_1", whole_house=True)),
            ("kvs", "KVS", Sight("house_2", production_ids=frozenset({"r1"}))),
            ("nt", "NT", Sight("house_3", performance_ids=frozenset({"p1", "p2"}))),
        ]
        assert await sights.of("psn_somebody_else") == []


async def test_a_withdrawn_grant_is_gone_at_the_next_question_and_silence_shows_nothing() -> None:
    async with (
        serving_accounts() as accounts,
        open_channel(accounts.target, SystemClock(), timeout_seconds=3) as channel,
    ):
        sights = Sights(GrpcGrants(channel))
        accounts.granted[PAULA] = [HouseGrants(house_id="house_1", house_name="Bourla", whole_house=True)]
        assert [house.house_id for house in await sights.of(PAULA)] == ["house_1"]
        del accounts.granted[PAULA]
        assert await sights.of(PAULA) == []
        accounts.is_away = True
        with pytest.raises(NeighbourSilent):
            await sights.of(PAULA)
