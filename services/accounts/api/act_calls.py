"""balcon.accounts.v1.AccountsService, the act log."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.act_messages import act_message
from services.accounts.domain.act_log import ActFilter, refused_act, refused_filter
from services.accounts.handlers.act_log import ActLogHandler
from services.contracts.acts import Act
from services.contracts.once import Asked
from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import instant_ms
from services.runtime.call_context import current_principal
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context


class ActCalls:
    """Stateless; everything lives in the handler."""

    _act_log: ActLogHandler

    async def ListActs(self, request: pb.ListActsRequest, context: Context) -> pb.ListActsResponse:  # noqa: N802
        wanted = ActFilter(
            from_ms=instant_ms(request.from_at) if request.HasField("from_at") else None,
            until_ms=instant_ms(request.until_at) if request.HasField("until_at") else None,
            who_subject=request.who_subject,
            act_prefix=request.act_prefix,
            thing=request.thing,
            thing_id=request.thing_id,
        )
        checks = refused_key("house_id", request.house_id), refused_filter(wanted)
        asked = asked_page(request.page_size, request.page_token, request.house_id, *checks)
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        page = await self._act_log.acts(request.house_id, wanted, asked)
        return pb.ListActsResponse(
            acts=[act_message(named) for named in page.acts], next_page_token=page.next_page_token
        )

    async def RecordAct(self, request: pb.RecordActRequest, context: Context) -> pb.RecordActResponse:  # noqa: N802
        facts = [(fact.fact, fact.value) for fact in request.facts]
        accept(
            refused_key("house_id", request.house_id),
            refused_act(
                act=request.act, thing=request.thing, thing_id=request.thing_id, reason=request.reason, facts=facts
            ),
            refused_idempotency_key(request.idempotency_key),
        )
        who = current_principal()
        act = Act(request.act, request.thing, request.thing_id, reason=request.reason, facts=dict(facts))
        asked: Asked[None] = asked_once(request, lambda _: pb.RecordActResponse())
        caller = "" if who is None else who.subject
        written = await self._act_log.record(asked, caller, request.house_id, act)
        return pb.RecordActResponse.FromString(answered(written))
