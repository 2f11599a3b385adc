"""Acts between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.act_log import NamedAct
from services.contracts.wire_types import wire_instant, wire_principal


def act_message(named: NamedAct) -> pb.Act:
    """The act on the wire."""
    act = named.act
    return pb.Act(
        act_id=act.act_id,
        house_id=act.house_id,
        done_at=wire_instant(act.done_at_ms),
        who=None if act.who is None else wire_principal(act.who),
        who_name=named.name,
        who_email=named.email,
        act=act.act,
        thing=act.thing,
        thing_id=act.thing_id,
        reason=act.reason,
        facts=[pb.ActFact(fact=name, value=value) for name, value in sorted(act.facts.items())],
    )
