"""The inventory's stream of a served twin: each row of a message as the unary call that it stands for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import SeatRefs

from services.runtime.rpc.errors import Refused
from services.runtime.rpc.routing import NOT_OWNER

CREDIT = 8


async def executed(
    calls: Any, requests: AsyncIterator[pb.ExecuteCommandsRequest], seat_ids: Sequence[str]
) -> AsyncIterator[pb.ExecuteCommandsResponse]:
    """Answers of `calls`, the twin's unary face. Another owner is the whole message's, and a fault ends the stream."""
    yield pb.ExecuteCommandsResponse(credit=CREDIT)
    async for request in requests:
        answer = pb.ExecuteCommandsResponse(batch_id=request.batch_id, epoch=1, credit=CREDIT)
        for position, row in enumerate(request.commands):
            try:
                read = await _row(calls, request.key, row, request.plan_version, seat_ids)
            except Refused as refused:
                refusal = refused.refusal
                told = pb.Refused(position=position, reason=refusal.reason(), metadata=refusal.facts())
                if refusal.reason() == NOT_OWNER:
                    answer.batch_refused.CopyFrom(told)
                else:
                    answer.refused.append(told)
            else:
                if read is not None:
                    read.position = position
                    answer.read_holds.append(read)
        yield answer


async def _row(
    calls: Any, key: pb.PerformanceKey, row: pb.Command, plan_version: int, seat_ids: Sequence[str]
) -> pb.ReadHold | None:
    def seats(indexes: Sequence[int]) -> SeatRefs:
        return SeatRefs(plan_version=plan_version, seat_ids=[seat_ids[index] for index in indexes])

    match row.WhichOneof("command"):
        case "read_hold":
            hold = (await calls.GetHold(pb.GetHoldRequest(key=key, hold_id=row.read_hold.hold_id), None)).hold
            return pb.ReadHold(
                holder_id=hold.holder_id,
                seat_indexes=[seat_ids.index(seat_id) for seat_id in hold.seats.seat_ids],
                channel=hold.channel,
                hold_until_ms=hold.hold_until_ms,
            )
        case "release":
            one = row.release
            held = seats(one.seat_indexes)
            release = pb.ReleaseHoldRequest(key=key, hold_id=one.hold_id, holder_id=one.holder_id, seats=held)
            await calls.ReleaseHold(release, None)
        case "claim":
            claim = pb.ClaimSeatsRequest(
                key=key,
                order_id=row.claim.order_id,
                holder_id=row.claim.holder_id,
                hold_id=row.claim.hold_id,
                seats=seats(row.claim.seat_indexes),
                channel=row.claim.channel,
                ticket_types=row.claim.ticket_types,
            )
            await calls.ClaimSeats(claim, None)
        case "confirm":
            await calls.ConfirmClaim(pb.ConfirmClaimRequest(key=key, order_id=row.confirm.order_id), None)
        case "cancel_claim":
            await calls.CancelClaim(pb.CancelClaimRequest(key=key, order_id=row.cancel_claim.order_id), None)
        case "cancel_sale":
            await calls.CancelSale(pb.CancelSaleRequest(key=key, order_id=row.cancel_sale.order_id), None)
        case kind:
            raise AssertionError(kind)
    return None
