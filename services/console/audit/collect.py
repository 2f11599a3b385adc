"""Asks every service's AuditService and turns the answers into plain facts. Judges nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

import grpc
from balcon.audit.v1 import audit_service_pb2 as pb
from balcon.audit.v1.audit_service_pb2_grpc import AuditServiceStub

from services.console.audit.facts import (
    CodeFact,
    Facts,
    OrderFact,
    OwnCheck,
    PaymentFact,
    SeatFact,
    TicketFact,
    TotalsFact,
)
from services.console.stack.blueprint import INTEGRATIONS, PARTS, nodes_of
from services.console.stack.credentials import act_as_operator
from services.runtime.clock import Clock
from services.runtime.rpc.client import open_channel

# Those that own records; catalogue's are not compared with anybody's, but it may check itself. A stack need not have
# integrations.
AUDITED: tuple[str, ...] = tuple(sorted(part.name for part in PARTS if part.database is not None))
_AUDIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answers:
    """One round of questions. `silent` are services that did not answer, with the reason."""

    facts: Facts
    checks: list[OwnCheck] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)


async def collect(targets: Mapping[str, str], performance_id: str, clock: Clock) -> Answers:
    """Asks all of `targets` (service -> gRPC target) at once; `performance_id` empty is every performance."""
    answers = Answers(Facts())
    nodes = [
        (service, node, number == 0)
        for service in AUDITED
        if service in targets
        for number, node in enumerate(nodes_of(targets[service]))
    ]
    await asyncio.gather(
        *(_ask(service, node, performance_id, answers, clock, is_first) for service, node, is_first in nodes)
    )
    must_be_known = [service for service in AUDITED if service not in INTEGRATIONS]
    answers.silent.update({service: "no address known" for service in must_be_known if service not in targets})
    return answers


async def _ask(
    service: str, target: str, performance_id: str, answers: Answers, clock: Clock, wants_facts: bool
) -> None:
    """Nodes of one service share their record, so one tells the facts; what each has in memory all of them check."""
    act_as_operator()
    async with open_channel(target, clock) as channel:
        stub = AuditServiceStub(channel)
        stream = stub.Audit(pb.AuditRequest(performance_id=performance_id), timeout=_AUDIT_SECONDS, wait_for_ready=True)
        try:
            async for response in stream:
                for check in response.checks:
                    answers.checks.append(
                        OwnCheck(service, check.invariant, check.name, check.examined, tuple(check.violations))
                    )
                for fact in response.facts if wants_facts else ():
                    _add(answers.facts, fact)
        except grpc.aio.AioRpcError as error:
            answers.silent[service] = f"{error.code().name}: {error.details()}"


def _add(facts: Facts, fact: pb.Fact) -> None:
    kind = fact.WhichOneof("fact")
    match kind:
        case "seat":
            row = fact.seat
            facts.seats.append(SeatFact(row.performance_id, row.seat_id, row.order_id, row.sold, row.house_id))
        case "order":
            order = fact.order
            facts.orders.append(
                OrderFact(
                    order.performance_id,
                    order.order_id,
                    order.state,
                    order.total.amount_minor,
                    order.seats,
                    order.refunded.amount_minor,
                    order.was_confirmed,
                    order.seats_are,
                    order.order_total.amount_minor if order.HasField("order_total") else None,
                    order.order_refunded.amount_minor,
                    order.paid_under,
                    order.house_id,
                    tuple(order.off_sale_seat_ids),
                )
            )
        case "ticket":
            ticket = fact.ticket
            facts.tickets.append(
                TicketFact(ticket.performance_id, ticket.seat_id, ticket.order_id, ticket.house_id, ticket.is_signed)
            )
        case "payment":
            facts.payments.append(_payment(fact.payment))
        case "totals":
            totals = fact.totals
            revenue = totals.revenue.amount_minor
            facts.totals.append(TotalsFact(totals.performance_id, totals.sold, revenue, totals.house_id))
        case "ledger":
            ledger = fact.ledger
            revenue = ledger.revenue.amount_minor
            facts.ledgers.append(TotalsFact(ledger.performance_id, ledger.sold, revenue, ledger.house_id))
        case "code":
            code = fact.code
            facts.codes.append(CodeFact(code.performance_id, code.seat_id, code.order_id, code.house_id))
        case None:
            pass  # a newer service's kind of fact
        case _:
            assert_never(kind)


def _payment(paid: pb.PaymentInRecord) -> PaymentFact:
    return PaymentFact(
        paid.performance_id,
        paid.order_id,
        paid.payment_id,
        paid.state,
        paid.refunded,
        paid.amount.amount_minor,
        paid.refunded_amount.amount_minor,
        paid.house_id,
    )
