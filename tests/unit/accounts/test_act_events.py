"""Acts as services tell them: what breaks their contract is a fault, and nothing of them is guessed."""

from __future__ import annotations

from typing import Any

import pytest
from balcon.acts.v1.acts_events_pb2 import ActDone
from balcon.types.v1.principal_pb2 import PRINCIPAL_KIND_STAFF, PrincipalRef
from google.protobuf.timestamp_pb2 import Timestamp

from services.accounts.adapters.act_events import ActMalformed, act_of
from services.accounts.domain.act_log import RecordedAct
from services.contracts.acts import Act, act_event
from services.runtime.ids import SeededIds
from services.runtime.outbox.event import IncomingEvent
from services.runtime.principal import PrincipalKind
from services.runtime.principal import PrincipalRef as Who

GOOD: dict[str, Any] = {
    "act_id": "act_1",
    "house_id": "hse_1",
    "done_at": Timestamp(seconds=1_900_000_000, nanos=5_000_000),
    "who": PrincipalRef(kind=PRINCIPAL_KIND_STAFF, subject="psn_1"),
    "act": "performance.moved",
    "thing": "performance",
    "thing_id": "prf_1",
    "reason": "the singer is ill",
    "facts": {"from": "1", "to": "2"},
}


def event(payload: bytes, house_id: str = "hse_1") -> IncomingEvent:
    kind = ActDone.DESCRIPTOR.full_name
    return IncomingEvent("evt_1", "balcon.catalogue", "balcon.acts.v1", house_id, kind, payload, 1, 1, house_id)


def test_an_act_is_read_as_it_was_told() -> None:
    found = act_of(event(ActDone(**GOOD).SerializeToString()))
    who = Who(PrincipalKind.STAFF, "psn_1")
    assert found == RecordedAct(
        "act_1",
        "hse_1",
        1_900_000_000_005,
        who,
        "performance.moved",
        "performance",
        "prf_1",
        "the singer is ill",
        {"from": "1", "to": "2"},
    )


def test_what_a_service_tells_is_what_accounts_reads() -> None:
    told = act_event("hse_1", Act("hall.created", "hall", "hal_1"), now_ms=1_900_000_000_123, ids=SeededIds(1))
    found = act_of(event(told.payload))
    assert (found.house_id, found.done_at_ms, found.who) == ("hse_1", 1_900_000_000_123, None)
    assert (found.act, found.thing, found.thing_id, found.reason, found.facts) == (
        "hall.created",
        "hall",
        "hal_1",
        "",
        {},
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"act_id": ""}, "act_id"),
        ({"act": ""}, "act"),
        ({"house_id": "hse_2"}, "house_id"),
        ({"who": PrincipalRef(kind=99, subject="psn_1")}, "who"),  # type: ignore[arg-type]
        ({"who": PrincipalRef(kind=PRINCIPAL_KIND_STAFF, subject="Ada Lovelace")}, "who"),
    ],
)
def test_an_act_that_breaks_its_contract_is_a_fault(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ActMalformed) as raised:
        act_of(event(ActDone(**(GOOD | changes)).SerializeToString()))
    assert raised.value.facts["field"] == field


def test_bytes_that_are_no_act_are_a_fault() -> None:
    with pytest.raises(ActMalformed):
        act_of(event(b"\xff\xff"))
