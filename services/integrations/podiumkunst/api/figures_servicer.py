"""balcon.podiumkunst.v1.PodiumkunstFiguresService: requests to handlers, answers to messages. No rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

from balcon.podiumkunst.v1 import figures_service_pb2 as pb
from balcon.podiumkunst.v1.figures_service_pb2_grpc import PodiumkunstFiguresServiceServicer

from services.contracts.changes import refused_unset_etag
from services.contracts.pages import AskedPage, asked_page, token_after
from services.integrations.podiumkunst.api.figure_messages import (
    figures_message,
    pushes_message,
    refused_sellers,
    reports_itself_of,
    sellers_message,
)
from services.integrations.podiumkunst.handlers.figure_desk import Asked, FigureDesk
from services.integrations.podiumkunst.handlers.figure_files import FigureFiles, FileFormat
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

T = TypeVar("T")

_FORMATS: Final = {pb.FIGURES_FORMAT_CSV: FileFormat.CSV, pb.FIGURES_FORMAT_EXCEL: FileFormat.EXCEL}


class PodiumkunstFiguresServicer(PodiumkunstFiguresServiceServicer):
    """Stateless; everything lives in the handlers."""

    def __init__(self, desk: FigureDesk, files: FigureFiles) -> None:
        self._desk = desk
        self._files = files

    async def PreviewFigures(self, request: pb.PreviewFiguresRequest, context: Context) -> pb.PreviewFiguresResponse:  # noqa: N802
        page = _asked(request)
        made = answered(await self._desk.preview(request.house_id, _of(request, page)))
        shown, token = _page(request.house_id, page, made, [one.linked.number for one in made])
        return pb.PreviewFiguresResponse(performances=map(figures_message, shown), next_page_token=token)

    async def PushNow(self, request: pb.PushNowRequest, context: Context) -> pb.PushNowResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), _refused_performance(request.performance_id))
        pushed = answered(await self._desk.push_now(request.house_id, request.performance_id))
        return pb.PushNowResponse(performances=pushed.numbers, parts=pushed.parts, unknown_parts=pushed.unknown)

    async def ListPushes(self, request: pb.ListPushesRequest, context: Context) -> pb.ListPushesResponse:  # noqa: N802
        page = _asked(request)
        found = answered(await self._desk.pushes(request.house_id, _of(request, page)))
        shown, token = _page(request.house_id, page, found, [one.linked.number for one in found])
        return pb.ListPushesResponse(numbers=map(pushes_message, shown), next_page_token=token)

    async def DownloadFigures(  # noqa: N802
        self, request: pb.DownloadFiguresRequest, context: Context
    ) -> pb.DownloadFiguresResponse:
        form = _FORMATS.get(request.format)
        is_none = f"{int(request.format)} is none" if request.format else UNSET
        wrong = FieldInvalid("format", is_none, "CSV, EXCEL") if form is None else None
        accept(refused_key("house_id", request.house_id), wrong)
        assert form is not None
        file = answered(await self._files.file(request.house_id, form, with_unlinked=request.include_unlinked))
        return pb.DownloadFiguresResponse(file_name=file.name, content_type=file.content_type, data=file.data)

    async def GetReportingSellers(  # noqa: N802
        self, request: pb.GetReportingSellersRequest, context: Context
    ) -> pb.GetReportingSellersResponse:
        accept(refused_key("house_id", request.house_id))
        return pb.GetReportingSellersResponse(sellers=sellers_message(await self._desk.rules(request.house_id)))

    async def SetReportingSellers(  # noqa: N802
        self, request: pb.SetReportingSellersRequest, context: Context
    ) -> pb.SetReportingSellersResponse:
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("sellers") else FieldInvalid("sellers", UNSET, "those that report themselves"),
            refused_sellers(request.sellers),
            refused_unset_etag(request.etag),
        )
        rules = await self._desk.set_rules(request.house_id, request.etag, reports_itself_of(request.sellers))
        return pb.SetReportingSellersResponse(sellers=sellers_message(answered(rules)))


def _refused_performance(performance_id: str) -> FieldInvalid | None:
    return refused_key("performance_id", performance_id) if performance_id else None


def _asked(request: pb.PreviewFiguresRequest | pb.ListPushesRequest) -> AskedPage:
    return answered(
        asked_page(
            request.page_size,
            request.page_token,
            request.house_id,
            refused_key("house_id", request.house_id),
            _refused_performance(request.performance_id),
        )
    )


def _of(request: pb.PreviewFiguresRequest | pb.ListPushesRequest, page: AskedPage) -> Asked:
    return Asked(page.after.item_id if page.after else "", page.size + 1, request.performance_id)


def _page(house_id: str, page: AskedPage, found: Sequence[T], numbers: Sequence[str]) -> tuple[Sequence[T], str]:
    """One more than the page was asked for, to see whether there is more."""
    if len(found) <= page.size:
        return found, ""
    return found[: page.size], token_after(house_id, numbers[page.size - 1])
