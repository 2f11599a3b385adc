"""Every command there is, for properties: the list is the union's own, so that none is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import msgspec
from hypothesis import strategies as st

from services.inventory.domain import commands as c
from services.inventory.domain.allotments import KINDS, SeatsAsked
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.records import BlockKind
from services.runtime.principal import PrincipalKind, PrincipalRef
from tests.unit.inventory.builders import BOX_OFFICE, ONLINE, RULES
from tests.unit.inventory.quota_terms import quota

CAPACITY = 8
SEATS = st.sets(st.integers(0, CAPACITY - 1), min_size=1, max_size=4).map(lambda seats: tuple(sorted(seats)))
HOLDS = st.sampled_from(["h1", "h2", "h3", "h4"])
HOLDERS = st.sampled_from(["anna", "bert"])
ORDERS = st.sampled_from(["o1", "o2", "o3"])
TTL = st.sampled_from([0, 1_000, 200_000])
GROUPS = st.lists(st.builds(SeatGroup, st.integers(1, 3)), min_size=1, max_size=2).map(tuple)
# By the names that commands give their fields: a command with a new one fails here until it is told what to try.
FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "hold_id": HOLDS,
    "holder_id": HOLDERS,
    "order_id": ORDERS,
    "seats": SEATS,
    "channel": st.sampled_from([BOX_OFFICE, ONLINE]),
    "ttl_ms": TTL,
    "groups": GROUPS,
    "may_split": st.booleans(),
    "reason": st.just("camera"),
    "step_id": st.sampled_from(["s1", "s2", "s3", "s4", "s5", "s6"]),
    "asked": st.sampled_from(["asked", "otherwise"]),
    "allotment_id": st.sampled_from(["a1", "a2", "a3"]),
    "office_id": st.just("office_1"),
    "kind": st.sampled_from(KINDS),
    "wanted": st.builds(SeatsAsked, SEATS, st.booleans(), st.integers(0, 3)),
    "note": st.just(""),
    "return_due_at_ms": st.sampled_from([0, 60_000, 900_000]),
    "override_reason": st.sampled_from(["", "agreed by telephone"]),
    "on_behalf_of": st.sampled_from([None, PrincipalRef(PrincipalKind.STAFF, "person_1")]),
    "rules": st.sampled_from(
        [
            RULES,
            msgspec.structs.replace(RULES, seats_per_holder=2, ttl_ms=30_000),
            msgspec.structs.replace(RULES, quotas=(quota(CAPACITY, online_presale=50, day_sale_from_ms=60_000),)),
            msgspec.structs.replace(RULES, quotas=(quota(3),)),
        ]
    ),
    # With one a seat: test_quota_properties.py.
    "ticket_types": st.just(()),
    "reservation_id": st.sampled_from(["r1", "r2", "r3"]),
    "reference": st.just("the mayor"),
    "deadline_ms": st.sampled_from([0, 30_000, 200_000, 10**12]),
    "overbook": st.booleans(),
}
# A claim without a hold takes free seats; a release without seats lets any go.
OTHERWISE: Mapping[tuple[type[c.Command], str], st.SearchStrategy[Any]] = {
    (c.ClaimSeats, "hold_id"): st.one_of(HOLDS, st.just("")),
    (c.BlockSeats, "kind"): st.sampled_from(BlockKind),
    (c.ClaimSeats, "reservation_id"): st.sampled_from(["", "", "r1", "r2"]),
    (c.ReleaseHold, "seats"): st.one_of(SEATS, st.just(())),
    (c.ReturnUnsold, "wanted"): st.one_of(st.none(), st.builds(SeatsAsked, SEATS)),
}


def commands_of(kind: type[c.Command]) -> st.SearchStrategy[c.Command]:
    """Commands of one class."""
    names = [field.name for field in msgspec.structs.fields(kind)]
    return st.builds(
        kind, **{name: OTHERWISE[kind, name] if (kind, name) in OTHERWISE else FIELDS[name] for name in names}
    )


COMMANDS: st.SearchStrategy[c.Command] = st.one_of(*map(commands_of, get_args(c.Command)))
ALLOTTING: st.SearchStrategy[c.Command] = st.one_of(*map(commands_of, get_args(c.AllottingCommand)))
