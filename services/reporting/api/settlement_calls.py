"""balcon.reporting.v1.SettlementsService, settlements for the people of a house."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from balcon.reporting.v1 import settlements_pb2 as pb

from services.contracts.bounds import MAX_REASON_CHARS, PART_BYTES
from services.contracts.languages import refused_language
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant
from services.reporting.api.report_questions import format_of, refused_format
from services.reporting.api.settlement_messages import (
    file_message,
    preview_message,
    settlement_message,
    summary_message,
)
from services.reporting.domain.settlement_document import SignedSettlement
from services.reporting.handlers.settlement_papers import SettlementFile, SettlementPapers
from services.reporting.handlers.settlements import SettlementHandler
from services.reporting.ports.settlements import SettlementFilter
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class SettlementCalls:
    """Stateless; everything lives in the handler."""

    _settlements: SettlementHandler
    _papers: SettlementPapers

    async def PreviewSettlement(  # noqa: N802
        self, request: pb.PreviewSettlementRequest, context: Context
    ) -> pb.PreviewSettlementResponse:
        accept(refused_key("house_id", request.house_id), refused_key("performance_id", request.performance_id))
        preview = answered(await self._settlements.preview(request.house_id, request.performance_id))
        return pb.PreviewSettlementResponse(settlement=preview_message(preview))

    async def FinaliseSettlement(  # noqa: N802
        self, request: pb.FinaliseSettlementRequest, context: Context
    ) -> pb.FinaliseSettlementResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("performance_id", request.performance_id),
        )

        def response(signed: SignedSettlement) -> pb.FinaliseSettlementResponse:
            return pb.FinaliseSettlementResponse(settlement=settlement_message(signed))

        asked = asked_once(request, response)
        answer = await self._settlements.finalise(asked, request.house_id, request.performance_id)
        return pb.FinaliseSettlementResponse.FromString(answered(answer))

    async def CorrectSettlement(  # noqa: N802
        self, request: pb.CorrectSettlementRequest, context: Context
    ) -> pb.CorrectSettlementResponse:
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("settlement_id", request.settlement_id),
            refused_text("reason", request.reason, at_most=MAX_REASON_CHARS),
        )

        def response(signed: SignedSettlement) -> pb.CorrectSettlementResponse:
            return pb.CorrectSettlementResponse(settlement=settlement_message(signed))

        asked = asked_once(request, response)
        answer = await self._settlements.correct(asked, request.house_id, request.settlement_id, request.reason)
        return pb.CorrectSettlementResponse.FromString(answered(answer))

    async def GetSettlement(self, request: pb.GetSettlementRequest, context: Context) -> pb.GetSettlementResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("settlement_id", request.settlement_id))
        signed = answered(await self._settlements.get(request.house_id, request.settlement_id))
        return pb.GetSettlementResponse(settlement=settlement_message(signed))

    async def ListSettlements(  # noqa: N802
        self, request: pb.ListSettlementsRequest, context: Context
    ) -> pb.ListSettlementsResponse:
        narrowing = ("performance_id", request.performance_id), ("production_id", request.production_id)
        page = answered(
            asked_page(
                request.page_size,
                request.page_token,
                request.house_id,
                refused_key("house_id", request.house_id),
                *(refused_key(name, value) for name, value in narrowing if value),
            )
        )
        wanted = SettlementFilter(request.performance_id, request.production_id)
        shown, more = await self._settlements.page(request.house_id, wanted, page)
        last = shown[-1].row if more else None
        token = "" if last is None else token_after(request.house_id, last.settlement_id, last.finalised_at_ms)
        return pb.ListSettlementsResponse(settlements=map(summary_message, shown), next_page_token=token)

    async def DownloadSettlement(  # noqa: N802
        self, request: pb.DownloadSettlementRequest, context: Context
    ) -> AsyncIterator[pb.DownloadSettlementResponse]:
        which = request.WhichOneof("which")
        accept(
            refused_key("house_id", request.house_id),
            FieldInvalid("which", UNSET, "settlement_id or performance_id")
            if which is None
            else refused_key(which, getattr(request, which)),
            refused_format("format", request.format),
            refused_language("language", request.language),
        )
        made = await self._made(request)
        yield pb.DownloadSettlementResponse(file=file_message(made))
        for start in range(0, len(made.content), PART_BYTES):
            yield pb.DownloadSettlementResponse(data=made.content[start : start + PART_BYTES])

    async def _made(self, request: pb.DownloadSettlementRequest) -> SettlementFile:
        form = format_of(request.format)
        if request.settlement_id:
            signed = answered(await self._settlements.get(request.house_id, request.settlement_id))
            return await self._papers.final(signed, form, request.language)
        preview = answered(await self._settlements.preview(request.house_id, request.performance_id))
        return await self._papers.provisional(preview, form, request.language)

    async def VerifySettlement(  # noqa: N802
        self, request: pb.VerifySettlementRequest, context: Context
    ) -> pb.VerifySettlementResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("settlement_id", request.settlement_id),
            _refused_hash(request.printed_sha256),
        )
        verified = answered(
            await self._settlements.verify(request.house_id, request.settlement_id, request.printed_sha256.lower())
        )
        signed = verified.signed
        return pb.VerifySettlementResponse(
            is_genuine=verified.is_genuine,
            document=signed.content,
            signature=signed.signature,
            key_id=signed.key_id,
            public_key=verified.public_key,
            sha256=signed.sha256,
            corrected_by_number=signed.corrected_by,
        )

    async def ListSettlementKeys(  # noqa: N802
        self, request: pb.ListSettlementKeysRequest, context: Context
    ) -> pb.ListSettlementKeysResponse:
        accept(refused_key("house_id", request.house_id))
        return pb.ListSettlementKeysResponse(
            keys=[
                pb.SettlementKey(
                    key_id=key.key_id, public_key=key.public_key, signs_from_at=wire_instant(key.signs_from_ms)
                )
                for key in await self._settlements.keys()
            ]
        )


def _refused_hash(sha256: str) -> FieldInvalid | None:
    if not sha256 or _SHA256.fullmatch(sha256.lower()):
        return None
    return FieldInvalid("printed_sha256", f"{sha256[:12]!r} is none", "64 hexadecimal digits, or empty")
