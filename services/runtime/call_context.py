"""What travels with a call from service to service: ids, the time that is left, and on whose account it is made.

Nothing here checks a credential. It is never logged, and it is no part of `metadata`, which may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context

from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.principal import Principal, PrincipalKind, PrincipalRef

REQUEST_ID_KEY = "x-request-id"
TRACE_KEY = "traceparent"
AUTHORIZATION_KEY = "authorization"
# Whom a service acts for, as KIND/subject; believed of services alone.
ON_BEHALF_KEY = "x-balcon-on-behalf-of"
# Taken off at each hop, so that the caller hears the answer before its own deadline.
HOP_MARGIN_SECONDS = 0.02

_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
# RFC 9110: a scheme and a token. Whatever else came is no credential: gRPC would not even send all of it on.
_CREDENTIAL = re.compile(r"[A-Za-z0-9-]{1,32} [A-Za-z0-9._~+/=-]{1,4096}")


class CallContext:
    """The call being answered in this task. `deadline` is on the clock's monotonic scale, None if there is none.

    `metadata` is what the caller sent, unchecked, without its `credential`. The ids are read from it, or minted, when
    somebody first asks for them: most calls neither log nor call on. `principal` is who the credential was checked to
    belong to; None: nobody has checked it.
    """

    __slots__ = ("_credential", "_ids", "_request_id", "deadline", "is_own_account", "metadata", "principal")

    def __init__(
        self,
        metadata: Mapping[str, str | bytes],
        deadline: float | None,
        ids: Ids,
        credential: str | bytes = "",
    ) -> None:
        self.metadata = metadata
        self.deadline = deadline
        self.principal: Principal | None = None
        # Whether what is called from here is called for this service itself, not for its caller.
        self.is_own_account = False
        self._ids = ids
        self._credential = credential
        self._request_id = ""

    @property
    def request_id(self) -> str:
        """The caller's, or a new one if that is missing or not well formed; the same each time."""
        if not self._request_id:
            self._request_id = _matching(_SAFE, self.metadata.get(REQUEST_ID_KEY)) or self._ids.new_id("req")
        return self._request_id

    def own_id(self) -> tuple[tuple[str, str]]:
        """The request id as metadata."""
        return ((REQUEST_ID_KEY, self.request_id),)

    @property
    def traceparent(self) -> str:
        """The caller's, '' if it is missing or not well formed."""
        return _matching(_TRACEPARENT, self.metadata.get(TRACE_KEY))

    @property
    def sent_credential(self) -> str | bytes:
        """What came, whatever its form: for finding again what was looked at before."""
        return self._credential

    @property
    def credential(self) -> str:
        """The caller's, opaque and unchecked, as `authorization` carries it; '' if there is none or it has no form."""
        return _matching(_CREDENTIAL, self._credential)

    def on_own_account(self) -> CallContext:
        """The same ids and deadline, without the caller's credential and principal."""
        call = CallContext({TRACE_KEY: self.traceparent}, self.deadline, self._ids)
        call._request_id = self.request_id
        call.is_own_account = True
        return call


def _matching(pattern: re.Pattern[str], value: str | bytes | None) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


_current: ContextVar[CallContext | None] = ContextVar("balcon_call", default=None)


def current_call() -> CallContext | None:
    """The call this task works for, if any."""
    return _current.get()


def current_principal() -> PrincipalRef | None:
    """On whose behalf this task acts; None: the service's own, or that of a caller whose credential nobody checked."""
    call = _current.get()
    return None if call is None or call.principal is None else call.principal.acts_for


def current_buyer() -> str:
    """The holder whose call this task works for; '' where it is not a buyer's, and sees more than its own."""
    principal = current_principal()
    return principal.subject if principal is not None and principal.kind is PrincipalKind.BUYER else ""


def enter_call(call: CallContext) -> None:
    """Makes `call` the current one for this task and those it starts: its ids are on every line they log."""
    _current.set(call)


def outside_call() -> Context:
    """For create_task(..., context=outside_call()): work that outlives the call which started it, with its deadline.

    What such work calls, it calls on the service's own account: no caller's credential is in it.
    """
    context = copy_context()
    context.run(_current.set, None)
    return context


# Asked whenever a call is made on the service's own account: a credential that runs out is renewed behind it.
_own_credential: ContextVar[Callable[[], str]] = ContextVar("balcon_own_credential", default=str)


def act_as(own_credential: Callable[[], str]) -> None:
    """For this task and those it starts: what calls on the service's own account carry. '' carries nothing."""
    _own_credential.set(own_credential)


@contextmanager
def own_account() -> Iterator[None]:
    """What is called inside is called on the service's own account, in the ids and the time of the current call.

    For answers that are kept for other callers too: they must not depend on what the first of them may see.
    """
    call = _current.get()
    before = _current.set(None if call is None else call.on_own_account())
    try:
        yield
    finally:
        _current.reset(before)


def deadline_after(remaining: float | None, now: float) -> float | None:
    """When the seconds that gRPC says are left will be over, on the scale of `now`; None if there is no end."""
    # grpc tells "no deadline" as a huge number of seconds, too.
    return None if remaining is None or remaining > 1e9 else now + remaining


def outgoing(call: CallContext | None) -> list[tuple[str, str]]:
    """The metadata that carries the current call's ids on, and on whose account the next call is made.

    Whom the call was checked to be for is named, and the service calls with its own credential. Outside a call, and on
    the service's own account, nobody is named. A caller whom nobody has checked is passed on as it came, with its own
    credential or with none: it is never lent the service's, with which it could do whatever the service may.
    """
    own = _own_credential.get()
    if call is None:
        return _authorization(own())
    pairs = [(REQUEST_ID_KEY, call.request_id)]
    if call.traceparent:
        pairs.append((TRACE_KEY, call.traceparent))
    if call.is_own_account:
        return pairs + _authorization(own())
    if call.principal is not None and (credential := own()):
        acts_for = call.principal.acts_for
        return [*pairs, (AUTHORIZATION_KEY, credential), (ON_BEHALF_KEY, f"{acts_for.kind.value}/{acts_for.subject}")]
    return pairs + _authorization(call.credential)


def _authorization(credential: str) -> list[tuple[str, str]]:
    return [(AUTHORIZATION_KEY, credential)] if credential else []


def remaining_seconds(call: CallContext | None, clock: Clock, at_most: float) -> float:
    """The timeout for a call made on behalf of `call`: what is left less a margin, never more than `at_most`."""
    if call is None or call.deadline is None:
        return at_most
    return max(0.001, min(at_most, call.deadline - clock.monotonic() - HOP_MARGIN_SECONDS))
