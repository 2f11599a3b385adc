"""balcon.mailchimp.v1.MailchimpService: requests to handlers, answers to messages. No rules."""

from __future__ import annotations

from balcon.mailchimp.v1 import mailchimp_service_pb2 as pb
from balcon.mailchimp.v1.mailchimp_service_pb2_grpc import MailchimpServiceServicer

from services.contracts.changes import refused_change
from services.contracts.pages import AskedPage, asked_page
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.integrations.mailchimp.api.messages import (
    account_message,
    audience_message,
    manner_of,
    progress_message,
    sync_message,
    troubled_message,
)
from services.integrations.mailchimp.domain.account import refused_key_form
from services.integrations.mailchimp.domain.audience_sync import AudienceSync, refused_list_id, refused_manner
from services.integrations.mailchimp.handlers.accounts import AccountHandler
from services.integrations.mailchimp.handlers.audience_syncs import AudienceSyncHandler, WantedSync
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE = frozenset({"merge_fields", "sends_language", "tags", "joining", "direction", "marketing_permission_ids"})


class MailchimpServicer(MailchimpServiceServicer):
    """Stateless; everything lives in the handlers."""

    def __init__(self, accounts: AccountHandler, syncs: AudienceSyncHandler) -> None:
        self._accounts = accounts
        self._syncs = syncs

    async def SetAccount(self, request: pb.SetAccountRequest, context: Context) -> pb.SetAccountResponse:  # noqa: N802
        key = request.mailchimp_key.strip()
        accept(refused_key("house_id", request.house_id), refused_key_form("mailchimp_key", key))
        account = await self._accounts.set(request.house_id, key)
        return pb.SetAccountResponse(account=account_message(account))

    async def GetAccount(self, request: pb.GetAccountRequest, context: Context) -> pb.GetAccountResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        account = answered(await self._accounts.get(request.house_id))
        return pb.GetAccountResponse(account=account_message(account))

    async def CheckAccount(self, request: pb.CheckAccountRequest, context: Context) -> pb.CheckAccountResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        checked = answered(await self._accounts.check(request.house_id))
        return pb.CheckAccountResponse(
            account_name=checked.name, audiences=[audience_message(one) for one in checked.audiences]
        )

    async def CreateAudienceSync(  # noqa: N802
        self, request: pb.CreateAudienceSyncRequest, context: Context
    ) -> pb.CreateAudienceSyncResponse:
        manner = manner_of(request)
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            refused_key("consent_id", request.consent_id),
            refused_list_id("list_id", request.list_id),
            manner if isinstance(manner, FieldInvalid) else refused_manner("", manner),
        )
        assert not isinstance(manner, FieldInvalid), "refused otherwise"

        def response(sync: AudienceSync) -> pb.CreateAudienceSyncResponse:
            return pb.CreateAudienceSyncResponse(sync=sync_message(sync))

        wanted = WantedSync(request.consent_id, request.list_id, manner)
        written = await self._syncs.create(asked_once(request, response), request.house_id, wanted)
        return pb.CreateAudienceSyncResponse.FromString(answered(written))

    async def UpdateAudienceSync(  # noqa: N802
        self, request: pb.UpdateAudienceSyncRequest, context: Context
    ) -> pb.UpdateAudienceSyncResponse:
        manner = manner_of(request.sync, "sync.")
        accept(
            refused_key("house_id", request.house_id),
            refused_key("sync.sync_id", request.sync.sync_id),
            refused_change(request.etag, request.update_mask.paths, _CHANGEABLE),
            manner if isinstance(manner, FieldInvalid) else refused_manner("sync.", manner),
        )
        assert not isinstance(manner, FieldInvalid), "refused otherwise"
        paths = tuple(dict.fromkeys(request.update_mask.paths))
        sync = await self._syncs.update(request.house_id, request.sync.sync_id, request.etag, manner, paths)
        return pb.UpdateAudienceSyncResponse(sync=sync_message(answered(sync)))

    async def ArchiveAudienceSync(  # noqa: N802
        self, request: pb.ArchiveAudienceSyncRequest, context: Context
    ) -> pb.ArchiveAudienceSyncResponse:
        accept(refused_key("house_id", request.house_id), refused_key("sync_id", request.sync_id))
        sync = answered(await self._syncs.archive(request.house_id, request.sync_id))
        return pb.ArchiveAudienceSyncResponse(sync=sync_message(sync))

    async def GetAudienceSync(  # noqa: N802
        self, request: pb.GetAudienceSyncRequest, context: Context
    ) -> pb.GetAudienceSyncResponse:
        accept(refused_key("house_id", request.house_id), refused_key("sync_id", request.sync_id))
        sync, progress = answered(await self._syncs.get(request.house_id, request.sync_id))
        return pb.GetAudienceSyncResponse(sync=sync_message(sync), progress=progress_message(progress))

    async def ListAudienceSyncs(  # noqa: N802
        self, request: pb.ListAudienceSyncsRequest, context: Context
    ) -> pb.ListAudienceSyncsResponse:
        asked = _asked(request)
        page = await self._syncs.page(request.house_id, asked, archived=request.include_archived)
        return pb.ListAudienceSyncsResponse(
            syncs=[sync_message(one) for one in page.syncs], next_page_token=page.next_page_token
        )

    async def SyncAudience(self, request: pb.SyncAudienceRequest, context: Context) -> pb.SyncAudienceResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("sync_id", request.sync_id))
        progress = answered(await self._syncs.sync_now(request.house_id, request.sync_id))
        return pb.SyncAudienceResponse(progress=progress_message(progress))

    async def ListMemberProblems(  # noqa: N802
        self, request: pb.ListMemberProblemsRequest, context: Context
    ) -> pb.ListMemberProblemsResponse:
        asked = _asked(request, refused_key("sync_id", request.sync_id))
        page = answered(await self._syncs.troubled(request.house_id, request.sync_id, asked))
        return pb.ListMemberProblemsResponse(
            members=[troubled_message(one) for one in page.members], next_page_token=page.next_page_token
        )


def _asked(
    request: pb.ListAudienceSyncsRequest | pb.ListMemberProblemsRequest, *checks: FieldInvalid | None
) -> AskedPage:
    return answered(
        asked_page(
            request.page_size, request.page_token, request.house_id, refused_key("house_id", request.house_id), *checks
        )
    )
