"""An operator's call that names a house is in that house's act log, whatever is answered; nobody else's call is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.runtime.call_context import AUTHORIZATION_KEY
from services.runtime.principal import PrincipalKind
from services.runtime.testing.access import own_token
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.catalogue.stage import Catalogue, running_catalogue


def as_operator() -> tuple[tuple[str, str], ...]:
    """Made when it is needed: a token lives for minutes, and a run of all tests is longer."""
    return ((AUTHORIZATION_KEY, own_token(PrincipalKind.OPERATOR, "opr_1")()),)


def as_service() -> tuple[tuple[str, str], ...]:
    """The same for a service."""
    return ((AUTHORIZATION_KEY, own_token()()),)


DRAWING = pb.OpenPlanDrawingRequest(house_id="hse_1", drawing_id="drw_1")


@pytest.fixture
async def guarded(database_url: DatabaseUrl) -> AsyncIterator[Catalogue]:
    async with running_catalogue(database_url("catalogue"), "memory://", guarded=True) as running:
        yield running


async def look_at(catalogue: Catalogue, metadata: tuple[tuple[str, str], ...]) -> None:
    async for _ in catalogue.stub.OpenPlanDrawing(DRAWING, metadata=metadata):
        pass


async def looks(catalogue: Catalogue) -> list[ActDone]:
    rows = await catalogue.rows("SELECT payload FROM outbox WHERE topic = 'balcon.acts.v1' ORDER BY id")
    acts = [ActDone.FromString(payload) for (payload,) in rows if isinstance(payload, bytes)]
    return [act for act in acts if act.act == "house.looked_at"]


async def test_an_operators_look_at_a_house_is_in_its_log_also_where_nothing_was_found(guarded: Catalogue) -> None:
    refused = await refusal(look_at(guarded, as_operator()))
    assert refused.code is grpc.StatusCode.NOT_FOUND
    [look] = await looks(guarded)
    assert (look.house_id, look.thing, look.thing_id, look.who.subject) == ("hse_1", "house", "hse_1", "opr_1")
    assert dict(look.facts) == {"method": "/balcon.catalogue.v1.CatalogueService/OpenPlanDrawing"}


async def test_what_names_no_house_and_what_a_service_asks_is_no_look(guarded: Catalogue) -> None:
    await guarded.stub.ListHouses(pb.ListHousesRequest(), metadata=as_operator())
    await guarded.stub.ListPerformances(pb.ListPerformancesRequest(house_id="hse_1"), metadata=as_service())
    assert await looks(guarded) == []


async def test_a_look_that_cannot_be_told_is_not_had(guarded: Catalogue) -> None:
    await guarded.damage("ALTER TABLE outbox ADD CONSTRAINT no_act CHECK (false) NOT VALID")
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await look_at(guarded, as_operator())
    assert raised.value.code() is not grpc.StatusCode.NOT_FOUND


async def test_who_is_not_let_in_has_looked_at_nothing(guarded: Catalogue) -> None:
    refused = await refusal(look_at(guarded, as_service()))
    assert refused.code is grpc.StatusCode.PERMISSION_DENIED
    assert await looks(guarded) == []
