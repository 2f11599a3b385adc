"""Accounts as every service asks it: for the keys that sign people's tokens, and for what is revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balcon.accounts.v1.accounts_service_pb2 import ListRevocationsRequest, ListSigningKeysRequest
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub

from services.runtime.access.revocations import Revocation
from services.runtime.call_context import own_account
from services.runtime.clock import Clock
from services.runtime.rpc.client import open_channel

if TYPE_CHECKING:
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub

_SECONDS = 5.0


class AccountsClient:
    """Over a channel of its own. Raises grpc.aio.AioRpcError while accounts is away."""

    def __init__(self, target: str, clock: Clock) -> None:
        self._channel = open_channel(target, clock)
        self._accounts: AccountsServiceAsyncStub = AccountsServiceStub(self._channel)

    async def close(self) -> None:
        """Ends the channel."""
        await self._channel.close()

    async def fetch_keys(self) -> dict[str, bytes]:
        """Public keys by their ids. What is remembered for every caller is asked for on the own account."""
        with own_account():
            answer = await self._accounts.ListSigningKeys(ListSigningKeysRequest(), timeout=_SECONDS)
        return {key.key_id: key.public_key for key in answer.keys}

    async def fetch_revocations(self) -> list[Revocation]:
        """All that can be about tokens that still live."""
        answer = await self._accounts.ListRevocations(ListRevocationsRequest(), timeout=_SECONDS)
        return [Revocation(one.name, one.void_until_at.ToMilliseconds()) for one in answer.revocations]
