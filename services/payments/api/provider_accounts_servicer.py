"""balcon.payments.v1.ProviderAccountsService: requests to the handler, answers to messages. No rules."""

from __future__ import annotations

from typing import Final

from balcon.payments.v1 import provider_accounts_pb2 as pb
from balcon.payments.v1.provider_accounts_pb2_grpc import ProviderAccountsServiceServicer

from services.contracts.changes import etag_of, refused_change
from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant, wire_instant_or_none, wire_money
from services.payments.domain.provider_account import (
    SIGNED_CHANNEL,
    AccountState,
    Choice,
    Credentials,
    ProviderAccount,
    ProviderKind,
    refused_choice,
    refused_credentials,
    refused_currencies,
    refused_name,
    webhook_url,
)
from services.payments.handlers.provider_accounts import ProviderAccountHandler
from services.payments.ports.unknown_payments import UnknownPayment, UnknownPayments
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE: Final = frozenset({"name", "is_default", "default_currencies"})
_KINDS: Final = {one: pb.Provider.Value(f"PROVIDER_{one.name}") for one in ProviderKind}
_FROM_WIRE: Final = {wire: one for one, wire in _KINDS.items()}
_STATES: Final = {one: pb.ProviderAccountState.Value(f"PROVIDER_ACCOUNT_STATE_{one.name}") for one in AccountState}


class ProviderAccountsServicer(ProviderAccountsServiceServicer):
    """See provider_accounts.proto. `public_url`: where providers find the port of webhooks."""

    def __init__(self, accounts: ProviderAccountHandler, unknown: UnknownPayments, public_url: str) -> None:
        self._accounts = accounts
        self._unknown = unknown
        self._public_url = public_url

    async def CreateProviderAccount(  # noqa: N802
        self, request: pb.CreateProviderAccountRequest, context: Context
    ) -> pb.CreateProviderAccountResponse:
        provider, choice = _FROM_WIRE.get(request.provider), _choice_of(request)
        credentials = _credentials_of(request.credentials)
        accept(
            refused_key("house_id", request.house_id),
            _refused_provider(request.provider),
            refused_choice("", choice),
            _refused_credentials(request, provider),
            refused_idempotency_key(request.idempotency_key),
        )
        assert provider is not None, "refused otherwise"

        def kept(account: ProviderAccount) -> pb.CreateProviderAccountResponse:
            return pb.CreateProviderAccountResponse(provider_account=self._message(account))

        asked = asked_once(request, kept)
        written = await self._accounts.create(asked, request.house_id, provider, choice, credentials)
        return pb.CreateProviderAccountResponse.FromString(answered(written))

    async def UpdateProviderAccount(  # noqa: N802
        self, request: pb.UpdateProviderAccountRequest, context: Context
    ) -> pb.UpdateProviderAccountResponse:
        paths, wanted = frozenset(request.update_mask.paths), request.provider_account
        choice = _choice_of(wanted)
        account_id = wanted.provider_account_id
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("provider_account") else FieldInvalid("provider_account", UNSET, "the new values"),
            refused_key("provider_account.provider_account_id", account_id),
            refused_change(request.etag, request.update_mask.paths, _CHANGEABLE),
            *_refused_parts(choice, paths),
        )
        account = await self._accounts.update(request.house_id, account_id, request.etag, choice, paths)
        return pb.UpdateProviderAccountResponse(provider_account=self._message(answered(account)))

    async def RotateProviderCredentials(  # noqa: N802
        self, request: pb.RotateProviderCredentialsRequest, context: Context
    ) -> pb.RotateProviderCredentialsResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("provider_account_id", request.provider_account_id),
            _refused_credentials(request, None),
            refused_idempotency_key(request.idempotency_key),
        )

        def kept(account: ProviderAccount) -> pb.RotateProviderCredentialsResponse:
            return pb.RotateProviderCredentialsResponse(provider_account=self._message(account))

        credentials = _credentials_of(request.credentials)
        written = await self._accounts.rotate(
            asked_once(request, kept), request.house_id, request.provider_account_id, credentials
        )
        return pb.RotateProviderCredentialsResponse.FromString(answered(written))

    async def CheckProviderAccount(  # noqa: N802
        self, request: pb.CheckProviderAccountRequest, context: Context
    ) -> pb.CheckProviderAccountResponse:
        account = await self._accounts.check(*_named(request))
        return pb.CheckProviderAccountResponse(provider_account=self._message(answered(account)))

    async def ArchiveProviderAccount(  # noqa: N802
        self, request: pb.ArchiveProviderAccountRequest, context: Context
    ) -> pb.ArchiveProviderAccountResponse:
        account = await self._accounts.archive(*_named(request))
        return pb.ArchiveProviderAccountResponse(provider_account=self._message(answered(account)))

    async def GetProviderAccount(  # noqa: N802
        self, request: pb.GetProviderAccountRequest, context: Context
    ) -> pb.GetProviderAccountResponse:
        account = await self._accounts.get(*_named(request))
        return pb.GetProviderAccountResponse(provider_account=self._message(answered(account)))

    async def ListProviderAccounts(  # noqa: N802
        self, request: pb.ListProviderAccountsRequest, context: Context
    ) -> pb.ListProviderAccountsResponse:
        checks = (refused_key("house_id", request.house_id),)
        asked = answered(asked_page(request.page_size, request.page_token, request.house_id, *checks))
        page = await self._accounts.page(request.house_id, asked, archived=request.include_archived)
        found = [self._message(one) for one in page.accounts]
        return pb.ListProviderAccountsResponse(provider_accounts=found, next_page_token=page.next_page_token)

    async def ListUnknownPayments(  # noqa: N802
        self, request: pb.ListUnknownPaymentsRequest, context: Context
    ) -> pb.ListUnknownPaymentsResponse:
        account_id = request.provider_account_id
        checks = (
            refused_key("house_id", request.house_id),
            refused_key("provider_account_id", account_id) if account_id else None,
        )
        asked = answered(asked_page(request.page_size, request.page_token, request.house_id, *checks))
        found = await self._unknown.page(request.house_id, asked, account_id)
        page = found[: asked.size]
        token = ""
        if len(found) > asked.size:
            token = token_after(request.house_id, page[-1].payment_ref, page[-1].first_seen_at_ms)
        messages = [_unknown_message(one) for one in page]
        return pb.ListUnknownPaymentsResponse(unknown_payments=messages, next_page_token=token)

    def _message(self, account: ProviderAccount) -> pb.ProviderAccount:
        """The account on the wire, without its credentials."""
        url = webhook_url(self._public_url, account)
        return pb.ProviderAccount(
            house_id=account.house_id,
            provider_account_id=account.account_id,
            provider=_KINDS[account.provider],
            name=account.choice.name,
            state=_STATES[account.state],
            is_test=account.is_test,
            is_default=account.choice.is_default,
            default_currencies=account.choice.default_currencies,
            credentials_tail=account.tail,
            provider_ref=account.provider_ref,
            provider_name=account.provider_name,
            webhook_url=url,
            signed_webhook_url=f"{url}/{SIGNED_CHANNEL}" if account.provider is ProviderKind.MOLLIE else "",
            has_webhook_secret=account.has_webhook_secret,
            locked_at=wire_instant_or_none(account.locked_at_ms),
            locked_note=account.locked_note,
            rotated_at=wire_instant(account.rotated_at_ms),
            created_at=wire_instant(account.created_at_ms),
            archived_at=wire_instant_or_none(account.archived_at_ms),
            etag=etag_of(account.revision),
        )


def _unknown_message(payment: UnknownPayment) -> pb.UnknownPayment:
    return pb.UnknownPayment(
        provider_account_id=payment.account_id,
        provider_ref=payment.payment_ref,
        named_payment_id=payment.named_payment_id,
        status=payment.status,
        amount=wire_money(payment.amount_minor, payment.currency),
        first_seen_at=wire_instant(payment.first_seen_at_ms),
        last_seen_at=wire_instant(payment.last_seen_at_ms),
    )


def _choice_of(wire: pb.CreateProviderAccountRequest | pb.ProviderAccountChange) -> Choice:
    return Choice(wire.name.strip(), wire.is_default, tuple(wire.default_currencies))


def _credentials_of(wire: pb.ProviderCredentials) -> Credentials:
    return Credentials(wire.key.strip(), wire.webhook_secret.strip(), wire.connected_account.strip())


def _refused_provider(wire: pb.Provider.ValueType) -> FieldInvalid | None:
    if wire in _FROM_WIRE:
        return None
    problem = f"{int(wire)} is no provider" if wire else UNSET
    return FieldInvalid("provider", problem, ", ".join(kind.value for kind in ProviderKind))


def _refused_credentials(
    request: pb.CreateProviderAccountRequest | pb.RotateProviderCredentialsRequest, provider: ProviderKind | None
) -> FieldInvalid | None:
    if not request.HasField("credentials"):
        return FieldInvalid("credentials", UNSET, "the API key at least")
    return refused_credentials("credentials.", provider, _credentials_of(request.credentials))


def _refused_parts(choice: Choice, paths: frozenset[str]) -> tuple[FieldInvalid | None, FieldInvalid | None]:
    """Of what the mask names."""
    return (
        refused_name("provider_account.name", choice.name) if "name" in paths else None,
        refused_currencies("provider_account.default_currencies", choice) if "default_currencies" in paths else None,
    )


def _named(
    request: pb.CheckProviderAccountRequest | pb.ArchiveProviderAccountRequest | pb.GetProviderAccountRequest,
) -> tuple[str, str]:
    accept(
        refused_key("house_id", request.house_id),
        refused_key("provider_account_id", request.provider_account_id),
    )
    return request.house_id, request.provider_account_id
