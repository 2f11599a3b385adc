"""balcon.accounts.v1.AccountsService: the groups of its calls as one servicer."""

from __future__ import annotations

from dataclasses import dataclass

from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceServicer

from services.accounts.api.act_calls import ActCalls
from services.accounts.api.adoption_calls import AdoptionCalls
from services.accounts.api.grant_calls import GrantCalls
from services.accounts.api.house_calls import HouseCalls
from services.accounts.api.key_calls import KeyCalls
from services.accounts.api.member_calls import MemberCalls
from services.accounts.api.people_calls import PeopleCalls
from services.accounts.api.promoter_calls import PromoterCalls
from services.accounts.api.revocation_calls import RevocationCalls
from services.accounts.api.session_calls import SessionCalls
from services.accounts.handlers.act_log import ActLogHandler
from services.accounts.handlers.adoption import AdoptionHandler
from services.accounts.handlers.api_keys import ApiKeyHandler
from services.accounts.handlers.grants import GrantHandler
from services.accounts.handlers.houses import HouseHandler
from services.accounts.handlers.invitations import InvitationHandler
from services.accounts.handlers.log_in import LogInHandler
from services.accounts.handlers.members import MemberHandler
from services.accounts.handlers.people import PersonHandler
from services.accounts.handlers.promoters import PromoterHandler
from services.accounts.handlers.revocations import RevocationHandler
from services.accounts.handlers.second_factors import SecondFactorHandler
from services.accounts.handlers.sessions import SessionHandler
from services.accounts.handlers.signing_keys import KeyRing


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the calls are handed to, by subject."""

    act_log: ActLogHandler
    adoption: AdoptionHandler
    api_keys: ApiKeyHandler
    grants: GrantHandler
    houses: HouseHandler
    members: MemberHandler
    invitations: InvitationHandler
    people: PersonHandler
    promoters: PromoterHandler
    second_factors: SecondFactorHandler
    log_in: LogInHandler
    revocations: RevocationHandler
    sessions: SessionHandler
    keys: KeyRing


class AccountsServicer(
    ActCalls,
    AdoptionCalls,
    GrantCalls,
    HouseCalls,
    KeyCalls,
    MemberCalls,
    PeopleCalls,
    PromoterCalls,
    RevocationCalls,
    SessionCalls,
    AccountsServiceServicer,
):
    """Hands requests to the handlers, answers with messages or raises Refused."""

    def __init__(self, handlers: Handlers) -> None:
        self._act_log = handlers.act_log
        self._adoption = handlers.adoption
        self._api_keys = handlers.api_keys
        self._grants = handlers.grants
        self._houses = handlers.houses
        self._members = handlers.members
        self._invitations = handlers.invitations
        self._people = handlers.people
        self._promoters = handlers.promoters
        self._second_factors = handlers.second_factors
        self._log_in = handlers.log_in
        self._revocations = handlers.revocations
        self._sessions = handlers.sessions
        self._keys = handlers.keys
