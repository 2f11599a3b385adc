"""balcon.ticketing.v1.TicketingService, how a house's paper looks."""

from __future__ import annotations

from balcon.ticketing.v1 import ticketing_service_pb2 as pb

from services.contracts.changes import etag_of
from services.contracts.texts import as_lines
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context
from services.ticketing.domain.paper_style import KeptStyle, PaperStyle
from services.ticketing.handlers.paper_styles import PaperStyleHandler, StyleChange, refused_style_change


class StyleCalls:
    """Stateless; everything lives in the handlers."""

    _styles: PaperStyleHandler

    async def GetPaperStyle(self, request: pb.GetPaperStyleRequest, context: Context) -> pb.GetPaperStyleResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        kept = await self._styles.get(request.house_id)
        return pb.GetPaperStyleResponse(paper_style=_message(kept), logo=kept.style.logo)

    async def UpdatePaperStyle(  # noqa: N802
        self, request: pb.UpdatePaperStyleRequest, context: Context
    ) -> pb.UpdatePaperStyleResponse:
        change = StyleChange(_style(request.paper_style), tuple(request.update_mask.paths), request.etag)
        unset = (
            None if request.HasField("paper_style") else FieldInvalid("paper_style", UNSET, "the style as it is to be")
        )
        accept(refused_key("house_id", request.house_id), unset, *refused_style_change(change))
        kept = answered(await self._styles.update(request.house_id, change))
        return pb.UpdatePaperStyleResponse(paper_style=_message(kept))


def _style(message: pb.PaperStyle) -> PaperStyle:
    return PaperStyle(
        primary_color=message.primary_color,
        accent_color=message.accent_color,
        address_lines=tuple(message.address_lines),
        conditions=as_lines(message.conditions),
        logo=message.logo,
        stocks=tuple(message.stocks),
    )


def _message(kept: KeptStyle) -> pb.PaperStyle:
    style = kept.style
    return pb.PaperStyle(
        primary_color=style.primary_color,
        accent_color=style.accent_color,
        address_lines=style.address_lines,
        conditions=style.conditions,
        stocks=style.stocks,
        etag=etag_of(kept.revision),
        logo_bytes=len(style.logo),
    )
