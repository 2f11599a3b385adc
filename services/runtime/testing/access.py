"""The deployment's key of tests and benches, and the credentials that go with it: services', operators', people's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import grpc

from services.runtime.access.keys import private_key
from services.runtime.access.own_token import OwnToken
from services.runtime.access.written_keys import key_of
from services.runtime.call_context import AUTHORIZATION_KEY
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.principal import PrincipalKind

# Of no installation: whoever reads this could sign as any service.
TEST_SERVICE_KEY = key_of("the key of Balcon's tests")


@cache
def own_token(kind: PrincipalKind = PrincipalKind.SERVICE, subject: str = "tests") -> OwnToken:
    """Call it for a credential; see act_as."""
    return OwnToken(private_key(TEST_SERVICE_KEY), subject, SystemClock(), RandomIds(), kind)


def service_metadata() -> tuple[tuple[str, str], ...]:
    """What a call of a service is made with, on channels that know nothing of credentials."""
    return ((AUTHORIZATION_KEY, own_token()()),)


class CredentialInterceptor(
    grpc.aio.UnaryUnaryClientInterceptor, grpc.aio.UnaryStreamClientInterceptor, grpc.aio.StreamStreamClientInterceptor
):
    """Gives each call of a channel without Balcon's own interceptors that credential, unless it has one."""

    async def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """See grpc.aio.UnaryUnaryClientInterceptor."""
        return await continuation(_credentialed(client_call_details), request)

    async def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """See grpc.aio.UnaryStreamClientInterceptor."""
        return await continuation(_credentialed(client_call_details), request)

    async def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        """See grpc.aio.StreamStreamClientInterceptor."""
        return await continuation(_credentialed(client_call_details), request_iterator)


def _credentialed(details: Any) -> Any:
    given = tuple(details.metadata or ())
    if any(key == AUTHORIZATION_KEY for key, _ in given):
        return details
    return details._replace(metadata=grpc.aio.Metadata(*given, *service_metadata()))


def guarded_settings(service: str) -> Mapping[str, str]:
    """The variables that a process of the service is started with besides its others."""
    return {f"BALCON_{service.upper()}_SERVICE_KEY": TEST_SERVICE_KEY}
