"""Policies of houses to messages and back: every number from outside is bounded here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from balcon.orders.v1 import buyer_policy_pb2 as wire

from services.contracts.wire_prices import component_kinds_of, refused_component_kinds, wire_component_kind
from services.contracts.wire_types import wire_instant_or_none, wire_principal
from services.orders.domain.buyer_policy import (
    MOST_CANCELLED_DAYS,
    MOST_EXCHANGES,
    MOST_HOURS_BEFORE,
    MOST_LETTERS_A_DAY,
    MOST_TRANSFERS,
    WHOLE_BASIS_POINTS,
    BuyerPolicy,
    ExchangeRules,
    RefundRules,
    RefundWish,
    RequestRule,
    TicketRules,
)
from services.runtime.errors import FieldInvalid

MAX_FEE_MINOR = 1_000_000_000
_RULES = {wire.RequestRule.Value(f"REQUEST_RULE_{rule.value}"): rule for rule in RequestRule}
WISHES = {wire.RefundWish.Value(f"REFUND_WISH_{wish.value}"): wish for wish in RefundWish}


def rule_message(rule: RequestRule) -> wire.RequestRule.ValueType:
    """For a message."""
    return wire.RequestRule.Value(f"REQUEST_RULE_{rule.value}")


def wish_message(wish: RefundWish) -> wire.RefundWish.ValueType:
    """For a message."""
    return wire.RefundWish.Value(f"REFUND_WISH_{wish.value}")


def policy_message(policy: BuyerPolicy) -> wire.BuyerPolicy:
    """For an answer."""
    refunds, exchanges, tickets = policy.refunds, policy.exchanges, policy.tickets
    return wire.BuyerPolicy(
        refunds=wire.RefundRules(
            rule=rule_message(refunds.rule),
            until_hours_before=refunds.until_hours_before,
            wishes=[wish_message(wish) for wish in refunds.wishes],
            keep=[wire_component_kind(kind) for kind in sorted(refunds.keep, key=lambda one: one.value)],
            fee_minor=refunds.fee_minor,
            keep_basis_points=refunds.keep_basis_points,
            cancelled_days=refunds.cancelled_days,
            release_seats=refunds.release_seats,
        ),
        exchanges=wire.ExchangeRules(
            rule=rule_message(exchanges.rule),
            until_hours_before=exchanges.until_hours_before,
            fee_minor=exchanges.fee_minor,
            most_times=exchanges.most_times,
        ),
        tickets=wire.TicketRules(
            may_transfer=tickets.may_transfer,
            may_rename=tickets.may_rename,
            until_hours_before=tickets.until_hours_before,
            most_transfers=tickets.most_transfers,
            most_letters_a_day=tickets.most_letters_a_day,
        ),
        performance_id=policy.performance_id,
        policy_version=policy.version,
        since_at=wire_instant_or_none(policy.since_ms),
        changed_by=wire_principal(policy.changed_by) if policy.changed_by else None,
        archived=policy.archived,
        etag=policy.etag,
    )


def policy_of(said: wire.BuyerPolicy) -> BuyerPolicy:
    """Of a message that is not refused."""
    refunds, exchanges, tickets = said.refunds, said.exchanges, said.tickets
    return BuyerPolicy(
        RefundRules(
            _RULES.get(refunds.rule, RequestRule.NEVER),
            refunds.until_hours_before,
            tuple(WISHES[wish] for wish in refunds.wishes),
            component_kinds_of(refunds.keep),
            refunds.fee_minor,
            refunds.keep_basis_points,
            refunds.cancelled_days,
            refunds.release_seats,
        ),
        ExchangeRules(
            _RULES.get(exchanges.rule, RequestRule.NEVER),
            exchanges.until_hours_before,
            exchanges.fee_minor,
            exchanges.most_times,
        ),
        TicketRules(
            tickets.may_transfer,
            tickets.may_rename,
            tickets.until_hours_before,
            tickets.most_transfers,
            tickets.most_letters_a_day,
        ),
    )


def faults_of_policy(said: wire.BuyerPolicy) -> Iterator[FieldInvalid | None]:
    """All that is wrong with the rules."""
    refunds, exchanges, tickets = said.refunds, said.exchanges, said.tickets
    for name, rule in (("refunds", refunds.rule), ("exchanges", exchanges.rule)):
        is_known = rule in _RULES or not rule
        yield None if is_known else FieldInvalid(f"buyer_policy.{name}.rule", f"has {int(rule)}", "RequestRule")
    yield _refused_wishes(refunds.wishes)
    yield refused_component_kinds("buyer_policy.refunds.keep", refunds.keep)
    for path, number, most in (
        ("refunds.until_hours_before", refunds.until_hours_before, MOST_HOURS_BEFORE),
        ("refunds.fee_minor", refunds.fee_minor, MAX_FEE_MINOR),
        ("refunds.keep_basis_points", refunds.keep_basis_points, WHOLE_BASIS_POINTS),
        ("refunds.cancelled_days", refunds.cancelled_days, MOST_CANCELLED_DAYS),
        ("exchanges.until_hours_before", exchanges.until_hours_before, MOST_HOURS_BEFORE),
        ("exchanges.fee_minor", exchanges.fee_minor, MAX_FEE_MINOR),
        ("exchanges.most_times", exchanges.most_times, MOST_EXCHANGES),
        ("tickets.until_hours_before", tickets.until_hours_before, MOST_HOURS_BEFORE),
        ("tickets.most_transfers", tickets.most_transfers, MOST_TRANSFERS),
        ("tickets.most_letters_a_day", tickets.most_letters_a_day, MOST_LETTERS_A_DAY),
    ):
        is_in = 0 <= number <= most
        yield None if is_in else FieldInvalid(f"buyer_policy.{path}", f"is {number:,}", f"0 to {most:,}")


def _refused_wishes(wishes: Sequence[wire.RefundWish.ValueType]) -> FieldInvalid | None:
    names = ", ".join(wish.value for wish in RefundWish)
    if len(wishes) != len(set(wishes)) or any(wish not in WISHES for wish in wishes):
        return FieldInvalid("buyer_policy.refunds.wishes", "has one twice or one that is none", f"some of {names}")
    return None
