"""One run of a command: the stack that it talks to, on whose account, and in which house."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import grpc
from balcon.accounts.v1 import accounts_service_pb2 as pb
from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceStub
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.console.commands.targets import find_targets
from services.console.house.logins import Login, Logins, config_folder
from services.runtime.call_context import act_as
from services.runtime.clock import SystemClock
from services.runtime.embedded.data_folder import default_data_dir
from services.runtime.errors import Fatal
from services.runtime.rpc.client import open_channel

if TYPE_CHECKING:  # the generated stubs have an async face for type checkers only
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub

CALL_SECONDS: Final = 60.0


class NoSuchHouse(Fatal):
    """You are in no such house: --house takes a label or an id of those that are named here."""


class WhichHouse(Fatal):
    """You are in several houses: name one with --house, or choose one with `balcon house use <label>`."""


@dataclass(frozen=True, slots=True)
class Where:
    """The stack: its data folder, or its services one by one."""

    data: Path | None
    named: Sequence[str]

    def targets(self) -> Mapping[str, str]:
        """service -> host:port (NoStackRuns)."""
        return find_targets(self.data, self.named)

    def logins(self) -> Logins:
        """The logins with this stack."""
        named = next((item for item in self.named if item.startswith("accounts=")), "")
        folder = (self.data or default_data_dir()).expanduser().resolve()
        return Logins(config_folder(), named or str(folder))


class Connection:
    """Channels to the services that are asked, opened as they are needed."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        self._targets = targets
        self._channels: dict[str, grpc.aio.Channel] = {}

    def accounts(self) -> AccountsServiceAsyncStub:
        """The accounts service."""
        return AccountsServiceStub(self._channel("accounts"))

    async def call(self, target: str, method: MethodDescriptor, request: Message) -> Message:
        """The answer; of a stream all messages in one, whose bytes are those of its parts one after the other."""
        path = f"/{method.containing_service.full_name}/{method.name}"
        response = GetMessageClass(method.output_type)
        channel = self._channel(target)
        if not method.server_streaming:
            call = channel.unary_unary(path, type(request).SerializeToString, response.FromString)
            answer: Message = await call(request, timeout=CALL_SECONDS)
            return answer
        whole = response()
        stream = channel.unary_stream(path, type(request).SerializeToString, response.FromString)
        async for part in stream(request, timeout=CALL_SECONDS):
            joined = {
                field.name: getattr(whole, field.name) + value
                for field, value in part.ListFields()
                if isinstance(value, bytes)
            }
            whole.MergeFrom(part)
            for name, value in joined.items():
                setattr(whole, name, value)
        return whole

    async def act_as(self, login: Login) -> None:
        """This task calls as the person who is logged in; the token is asked for anew each time."""
        issued = await self.accounts().IssueToken(pb.IssueTokenRequest(session_secret=login.session_secret))
        act_as(lambda: f"Bearer {issued.token}")

    async def house(self, wanted: str, chosen: str) -> pb.House:
        """The house by label or id, else the one that was chosen, else the only one (NoSuchHouse, WhichHouse)."""
        listed = (await self.accounts().ListHouses(pb.ListHousesRequest())).houses
        houses = [entry.house for entry in listed]
        named = wanted or chosen
        found = [house for house in houses if named in {house.label, house.house_id}] if named else houses
        if len(found) == 1:
            return found[0]
        labels = ", ".join(house.label for house in houses) or "none"
        raise WhichHouse(yours=labels) if found else NoSuchHouse(house=named, yours=labels)

    def _channel(self, target: str) -> grpc.aio.Channel:
        if target not in self._channels:
            self._channels[target] = open_channel(self._targets[target], SystemClock())
        return self._channels[target]

    async def close(self) -> None:
        """Closes what was opened."""
        for channel in self._channels.values():
            await channel.close()


@asynccontextmanager
async def connected_to(where: Where) -> AsyncIterator[Connection]:
    """A connection that is closed afterwards."""
    connection = Connection(where.targets())
    try:
        yield connection
    finally:
        await connection.close()
