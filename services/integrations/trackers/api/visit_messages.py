"""Visits and snippets between wire and domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import Final, assert_never

from balcon.trackers.v1 import trackers_pb2 as trackers
from balcon.trackers.v1 import visits_pb2 as pb
from balcon.types.v1.money_pb2 import Money

from services.contracts.bounds import (
    MAX_CATEGORY_CHARS,
    MAX_SEATS_PER_HOLD,
    MAX_TICKET_TYPE_CHARS,
    MAX_TOTAL_MINOR,
)
from services.contracts.money import refused_currency
from services.contracts.texts import refused_language, refused_text, refused_url
from services.contracts.wire_types import instant_ms, wire_instant
from services.integrations.trackers.api.tracker_messages import kind_message
from services.integrations.trackers.domain.consents import ConsentKind, Consents, Decision
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.snippet_call import Load, Say, SnippetCall
from services.integrations.trackers.domain.snippet_hosts import Hosts
from services.integrations.trackers.domain.snippet_page import MAX_ITEMS, SnippetItem
from services.integrations.trackers.domain.visit import (
    CLICK_IDS,
    MAX_CLICK_ID_CHARS,
    MAX_IP_CHARS,
    MAX_USER_AGENT_CHARS,
    Traces,
)
from services.runtime.errors import UNSET, FieldInvalid, refused_fields


def consents_of(wire: pb.VisitConsents) -> Consents:
    """What was chosen; what is not set was not."""
    return Consents(**{kind.value: _decision(wire, kind.value) for kind in ConsentKind})


def _decision(wire: pb.VisitConsents, name: str) -> Decision:
    if not wire.HasField(name):  # type: ignore[arg-type]
        return Decision()
    choice: pb.Choice = getattr(wire, name)
    return Decision(choice.granted, instant_ms(choice.chosen_at))


def refused_consents(wire: pb.VisitConsents, now_ms: int) -> FieldInvalid | None:
    """A choice has its time, so that an older one is never taken for a newer; none is of the future."""
    return refused_fields(_refused_choice(field.name, choice, now_ms) for field, choice in wire.ListFields())


def _refused_choice(name: str, choice: pb.Choice, now_ms: int) -> FieldInvalid | None:
    field, at_ms = f"consents.{name}.chosen_at", instant_ms(choice.chosen_at)
    if at_ms <= 0:
        return FieldInvalid(field, UNSET, "when it was chosen")
    # A shop's clock that goes ahead must not keep later choices from counting.
    return FieldInvalid(field, "is in the future", "now") if at_ms > now_ms + _CLOCKS_APART_MS else None


_CLOCKS_APART_MS: Final = 60_000


def consents_message(consents: Consents) -> pb.VisitConsents:
    """What counts, on the wire; what was never chosen is not set."""
    return pb.VisitConsents(
        **{kind.value: _choice(consents.of(kind)) for kind in ConsentKind if consents.of(kind).at_ms}
    )


def _choice(decision: Decision) -> pb.Choice:
    return pb.Choice(granted=decision.granted, chosen_at=wire_instant(decision.at_ms))


def traces_of(wire: pb.VisitTraces) -> Traces:
    """What the browser brings along, as it was said."""
    return Traces(**{name: getattr(wire, name) for name in Traces.__dataclass_fields__})


def refused_traces(wire: pb.VisitTraces) -> FieldInvalid | None:
    """All that is wrong with what the browser brings along, else None. All of it may be empty."""
    return refused_fields(
        (
            refused_url("traces.page_url", wire.page_url) if wire.page_url else None,
            refused_language("traces.language", wire.language) if wire.language else None,
            refused_text("traces.user_agent", wire.user_agent, at_least=0, at_most=MAX_USER_AGENT_CHARS),
            _refused_ip("traces.ip_address", wire.ip_address),
            *(
                refused_text(f"traces.{name}", getattr(wire, name), at_least=0, at_most=MAX_CLICK_ID_CHARS)
                for name in CLICK_IDS
            ),
        )
    )


def _refused_ip(field: str, value: str) -> FieldInvalid | None:
    if not value:
        return None
    try:
        # A zone may be of any length, and is of one machine alone.
        is_address = len(value) <= MAX_IP_CHARS and "%" not in value and bool(ip_address(value))
    except ValueError:
        is_address = False
    return None if is_address else FieldInvalid(field, "is no address", "IPv4 or IPv6, without a zone")


def worth_of(wire: Money) -> Worth:
    """An amount."""
    return Worth(wire.amount_minor, wire.currency)


def refused_worth(field: str, wire: Money) -> FieldInvalid | None:
    """All that is wrong with an amount, else None."""
    within = 0 <= wire.amount_minor <= MAX_TOTAL_MINOR
    amount = FieldInvalid(f"{field}.amount_minor", f"is {wire.amount_minor:,}", f"0 to {MAX_TOTAL_MINOR:,}")
    return refused_fields((None if within else amount, refused_currency(f"{field}.currency", wire.currency)))


def items_of(wire: Iterable[pb.SnippetItem]) -> tuple[SnippetItem, ...]:
    """What was chosen, in its order."""
    return tuple(SnippetItem(one.category, one.ticket_type, worth_of(one.price), one.quantity) for one in wire)


def refused_items(field: str, wire: Sequence[pb.SnippetItem]) -> FieldInvalid | None:
    """All that is wrong with what was chosen, else None."""
    if len(wire) > MAX_ITEMS:
        return FieldInvalid(field, f"has {len(wire):,}", f"at most {MAX_ITEMS}")
    return refused_fields(_refused_item(f"{field}[{place}]", one) for place, one in enumerate(wire))


def _refused_item(field: str, item: pb.SnippetItem) -> FieldInvalid | None:
    within = 1 <= item.quantity <= MAX_SEATS_PER_HOLD
    quantity = FieldInvalid(
        f"{field}.quantity", f"is {item.quantity}" if item.quantity else UNSET, f"1 to {MAX_SEATS_PER_HOLD}"
    )
    return refused_fields(
        (
            refused_text(f"{field}.category", item.category, at_most=MAX_CATEGORY_CHARS),
            refused_text(f"{field}.ticket_type", item.ticket_type, at_most=MAX_TICKET_TYPE_CHARS),
            refused_worth(f"{field}.price", item.price)
            if item.HasField("price")
            else FieldInvalid(f"{field}.price", UNSET, "what one costs"),
            None if within else quantity,
        )
    )


def snippet_message(call: SnippetCall) -> pb.SnippetCall:
    """One thing that a page does, on the wire."""
    match call:
        case Load():
            return pb.SnippetCall(
                act=pb.SNIPPET_ACT_LOAD,
                tracker_ids=call.tracker_ids,
                kind=kind_message(call.kind),
                script_url=call.script_url,
            )
        case Say():
            return pb.SnippetCall(
                act=pb.SNIPPET_ACT_CALL,
                tracker_ids=call.tracker_ids,
                kind=trackers.TRACKER_KIND_UNSPECIFIED if call.kind is None else kind_message(call.kind),
                function=call.function,
                arguments_json=call.arguments_json(),
                once_key=call.once_key,
                event_id=call.event_id,
                adds_date=call.adds_date,
            )
        case _:
            assert_never(call)


def hosts_message(hosts: Hosts) -> pb.SnippetHosts:
    """What a page allows, on the wire."""
    return pb.SnippetHosts(script_src=hosts.script, img_src=hosts.img, connect_src=hosts.connect, frame_src=hosts.frame)
