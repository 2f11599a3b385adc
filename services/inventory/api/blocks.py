"""Kinds of blocks on the wire, and the list of a performance's blocks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.contracts.pages import asked_page, token_after
from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.domain.records import BlockKind, SeatBlock
from services.inventory.ports import BlockList, SeatPlan
from services.runtime.errors import FieldInvalid
from services.runtime.rpc.errors import Refused

_KINDS = {
    pb.BLOCK_KIND_UNSPECIFIED: BlockKind.HARD,
    pb.BLOCK_KIND_HARD: BlockKind.HARD,
    pb.BLOCK_KIND_SOFT: BlockKind.SOFT,
}


def refused_block_kind(field: str, wire: pb.BlockKind.ValueType) -> FieldInvalid | None:
    """The refusal for a kind that is none, else None."""
    if wire in _KINDS:
        return None
    return FieldInvalid(field, f"{int(wire)} is not a kind", ", ".join(kind.name for kind in BlockKind))


def block_kind(wire: pb.BlockKind.ValueType) -> BlockKind:
    """Who does not say keeps everybody out, as all did before there were soft ones. See refused_block_kind first."""
    return _KINDS[wire]


async def list_blocks(
    request: pb.ListBlocksRequest,
    owner: Callable[..., Awaitable[PerformanceActor]],
    blocks: BlockList,
) -> pb.ListBlocksResponse:
    """A page of them out of the record. Asked of the owner, whose plan says which seats they are; the number in the
    page's token is the last one's index."""
    key = request.key
    asked = asked_page(request.page_size, request.page_token, key.house_id, refused_block_kind("kind", request.kind))
    actor = await owner(key, asked if isinstance(asked, FieldInvalid) else None)
    if isinstance(asked, FieldInvalid):
        raise Refused(asked)
    kind = _KINDS[request.kind] if request.kind else None
    after = asked.after.time_ms if asked.after else -1
    page = await blocks.blocks(key.house_id, key.performance_id, kind, after, asked.size)
    return pb.ListBlocksResponse(
        blocks=[_row(block, actor.performance.plan) for block in page],
        next_page_token=token_after(key.house_id, key.performance_id, page[-1].seat) if len(page) == asked.size else "",
    )


def _row(block: SeatBlock, plan: SeatPlan) -> pb.BlockedSeat:
    return pb.BlockedSeat(
        seat_id=plan.seat_ids[block.seat], kind=pb.BlockKind.ValueType(int(block.kind)), reason=block.reason
    )
