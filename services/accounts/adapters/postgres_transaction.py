"""One transaction of accounts: rows by subject, its idempotency key and its events commit together or not at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.act_rows import ActRows
from services.accounts.adapters.grant_rows import GrantRows
from services.accounts.adapters.guard_rows import LogInAttemptRows, SecondFactorRows
from services.accounts.adapters.house_rows import HouseRows, MemberRows
from services.accounts.adapters.house_tables import idempotency_keys
from services.accounts.adapters.key_rows import ApiKeyRows
from services.accounts.adapters.link_rows import InvitationRows, LetterRows, LinkRows
from services.accounts.adapters.people_rows import PeopleRows, SessionRows
from services.accounts.adapters.people_tables import signing_keys
from services.accounts.adapters.promoter_rows import PromoterRows
from services.accounts.adapters.revocation_rows import RevocationRows
from services.accounts.domain.house import House
from services.contracts.acts import CURRENT_CALL, Act, act_event
from services.contracts.answer_rows import AnswerRows
from services.contracts.once import RecordedAnswer
from services.runtime.ids import Ids
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.seal import Seal
from services.runtime.signing_keys.rows import SigningKeyRows

# Of the advisory lock: it means this service's signing keys and nothing else.
_KEYS_LOCK = 7205102


class RevocationWire(Protocol):
    """Gives a revocation its wire form."""

    def __call__(
        self, *, subject: str = "", session_id: str = "", until_ms: int, signing_key_id: str = ""
    ) -> OutgoingEvent: ...


@dataclass(frozen=True, slots=True)
class EventForms:
    """How events get their wire form."""

    house_changed: Callable[[House], OutgoingEvent]
    access_revoked: RevocationWire


class PostgresTransaction:
    """See AccountsTransaction. Lives as long as its connection's block."""

    def __init__(
        self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, forms: EventForms, seal: Seal
    ) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ids = ids
        self._forms = forms
        self._events: list[OutgoingEvent] = []
        self.now_ms = now_ms
        self.acts = ActRows(connection)
        self.api_keys = ApiKeyRows(connection)
        self.grants = GrantRows(connection)
        self.houses = HouseRows(connection, now_ms)
        self.people = PeopleRows(connection, now_ms)
        self.promoters = PromoterRows(connection, self.people)
        self.members = MemberRows(connection)
        self.invitations = InvitationRows(connection)
        self.links = LinkRows(connection)
        self.letters = LetterRows(connection, now_ms, ids, seal)
        self.log_in_attempts = LogInAttemptRows(connection)
        self.second_factors = SecondFactorRows(connection, seal)
        self.sessions = SessionRows(connection)
        self.signing_keys = SigningKeyRows(connection, signing_keys, _KEYS_LOCK)
        self.revocations = RevocationRows(connection)
        self._revoked: dict[str, int] = {}
        self._answers = AnswerRows(connection, idempotency_keys, now_ms)
        self.is_complete = self.has_published = False

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key."""
        return await self._answers.claim(owner_id, key, request_hash)

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        await self._answers.record(owner_id, key, answer)

    def tell_house(self, house: House) -> None:
        """See AccountsTransaction.tell_house."""
        self._events.append(self._forms.house_changed(house))

    def revoke(self, subject: str, session_id: str = "") -> None:
        """See AccountsTransaction.revoke."""
        self._revoked[session_id or subject] = self.now_ms
        event = self._forms.access_revoked(subject=subject, session_id=session_id, until_ms=self.now_ms)
        # It is about no house; in the scope of one the outbox takes that one's rows only.
        self._events.append(dataclasses.replace(event, house_id=self._house_id or event.house_id))

    def revoke_key(self, key_id: str) -> None:
        """See AccountsTransaction.revoke_key."""
        self._revoked[key_id] = self.now_ms
        self._events.append(self._forms.access_revoked(signing_key_id=key_id, until_ms=self.now_ms))

    async def record_act(self, house_id: str, act: Act, person_id: str = "") -> None:
        """See AccountsTransaction.record_act."""
        who = PrincipalRef(PrincipalKind.STAFF, person_id) if person_id else CURRENT_CALL
        self._events.append(act_event(house_id, act, now_ms=self.now_ms, ids=self._ids, who=who))

    async def commit(self) -> None:
        """See AccountsTransaction.commit. It is done as the connection's block ends."""
        if self._revoked:
            await self.revocations.add(self._revoked)
        await enqueue(self._connection, self._events, now_ms=self.now_ms, ids=self._ids)
        self.is_complete = True
        self.has_published = bool(self._events)
