"""balcon.accounts.v1.AccountsService: the groups of its calls as one servicer."""

from __future__ import annotations

from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer

from services.accounts.api.act_calls import ActCalls
from services.accounts.api.grant_calls import GrantCalls
from services.accounts.api.house_calls import HouseCalls
from services.accounts.api.revocation_calls import RevocationCalls
from services.accounts.api.session_calls import SessionCalls
from services.accounts.handlers.act_log import ActLogHandler
from services.accounts.handlers.grants import GrantHandler
from services.accounts.handlers.houses import HouseHandler
from services.accounts.handlers.revocations import RevocationHandler
from services.accounts.handlers.sessions import SessionHandler
from services.accounts.handlers.signing_keys import KeyRing


class AccountsServicer(ActCalls, GrantCalls, HouseCalls, RevocationCalls, SessionCalls, AccountsServiceServicer):
    """Hands requests to the handlers, answers with messages or raises Refused."""

    def __init__(
        self,
        *,
        act_log: ActLogHandler,
        grants: GrantHandler,
        houses: HouseHandler,
        revocations: RevocationHandler,
        sessions: SessionHandler,
        keys: KeyRing,
    ) -> None:
        self._act_log = act_log
        self._grants = grants
        self._houses = houses
        self._revocations = revocations
        self._sessions = sessions
        self._keys = keys
