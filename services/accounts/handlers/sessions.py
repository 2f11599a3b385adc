"""Sessions and the tokens that they are good for (R3.4: one log-in for all houses)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.accounts.domain.membership import Membership
from services.accounts.domain.person import Person
from services.accounts.domain.refusals import SessionNotFound, SessionOver
from services.accounts.domain.session import (
    SECRET_PREFIX,
    TOUCH_MS,
    Lifetimes,
    Session,
    SessionKind,
    hash_of,
)
from services.accounts.domain.signing_key import TOKEN_SECONDS
from services.accounts.handlers.revocations import void_what_the_session_got_meanwhile
from services.accounts.handlers.signing_keys import KeyRing
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.token_signer import TokenFacts
from services.accounts.ports.transaction import AccountsTransaction
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.principal import HouseRoles, Principal, PrincipalKind
from services.runtime.telemetry.metrics import TOKENS_ISSUED

MAX_SESSIONS_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class Started:
    """A new session with its secret, which is shown this once."""

    session: Session
    secret: str
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token and when it is over, unix milliseconds."""

    token: str
    expires_at_ms: int


class SessionHandler:
    """`lifetimes` by the kind of session."""

    def __init__(
        self,
        store: AccountsStore,
        keys: KeyRing,
        ids: Ids,
        *,
        lifetimes: dict[SessionKind, Lifetimes],
    ) -> None:
        self._store = store
        self._keys = keys
        self._ids = ids
        self._lifetimes = lifetimes

    async def start_for_buyer(self) -> Started:
        """The holder id is made here; no browser ever names one."""
        async with self._store.transaction() as transaction:
            started = await self.start(transaction, SessionKind.BUYER, self._ids.new_id("hdr"), "")
            await transaction.commit()
        return started

    async def start(self, transaction: AccountsTransaction, kind: SessionKind, subject: str, device: str) -> Started:
        """In the caller's transaction, which commits it."""
        secret, now_ms = SECRET_PREFIX + self._ids.new_secret(), transaction.now_ms
        session = Session(
            self._ids.new_id("ses"),
            kind,
            subject,
            hash_of(secret),
            created_at_ms=now_ms,
            used_at_ms=now_ms,
            expires_at_ms=now_ms + self._lifetimes[kind].absolute_ms,
            device=device,
        )
        await transaction.sessions.add(session)
        return Started(session, secret)

    async def log_out(self, secret: str) -> None:
        """Also where there is no such session: nobody learns which there are."""
        async with self._store.transaction() as transaction:
            session = await transaction.sessions.find_by_hash(hash_of(secret))
            if session is None:
                return
            await transaction.sessions.end(session.session_id)
            transaction.revoke(session.subject, session.session_id)
            await transaction.commit()
        await void_what_the_session_got_meanwhile(self._store, session.session_id)

    async def of_person(self, person_id: str) -> Sequence[Session]:
        """Those that are not over, the newest first, at most MAX_SESSIONS_TOLD."""
        async with self._store.transaction() as transaction:
            found = await transaction.sessions.of_subject(person_id, MAX_SESSIONS_TOLD)
            idle_ms = self._lifetimes[SessionKind.PERSON].idle_ms
            return [session for session in found if not session.is_over(transaction.now_ms, idle_ms)]

    async def end(self, person_id: str, session_id: str) -> Refusal | None:
        """SessionNotFound, also for somebody else's."""
        async with self._store.transaction() as transaction:
            own = await transaction.sessions.of_subject(person_id, MAX_SESSIONS_TOLD)
            if session_id not in {session.session_id for session in own}:
                return SessionNotFound(session_id)
            await transaction.sessions.end(session_id)
            transaction.revoke(person_id, session_id)
            await transaction.commit()
        await void_what_the_session_got_meanwhile(self._store, session_id)
        return None

    async def issue_token(self, secret: str) -> IssuedToken | Refusal:
        """Refusals: SessionOver."""
        async with self._store.transaction() as transaction:
            session = await transaction.sessions.find_by_hash(hash_of(secret))
            now_ms = transaction.now_ms
            if session is None or session.is_over(now_ms, self._lifetimes[session.kind].idle_ms):
                return SessionOver()
            person, grants_version = None, 0
            memberships: tuple[Membership, ...] = ()
            if session.kind is SessionKind.PERSON:
                person = await transaction.people.find(session.subject)
                if person is None:
                    return SessionOver()
                memberships = tuple(await transaction.members.of_person(session.subject))
                if person.email_confirmed:
                    grants_version = await transaction.grants.version(person.email)
            if now_ms >= session.used_at_ms + TOUCH_MS:
                await transaction.sessions.touch(session.session_id, now_ms)
                await transaction.commit()
        # After what makes older tokens void: that may be of the same millisecond, or by a clock that is ahead.
        issued_at_ms = now_ms if person is None else max(now_ms, person.tokens_void_until_ms + 1)
        expires_at_ms = issued_at_ms + TOKEN_SECONDS * 1000
        facts = TokenFacts(
            _principal(session, memberships), issued_at_ms, expires_at_ms, session.session_id, grants_version
        )
        TOKENS_ISSUED.labels(facts.principal.kind.value.lower()).inc()
        return IssuedToken(await self._keys.signed(facts), facts.expires_at_ms)


def _principal(session: Session, memberships: tuple[Membership, ...]) -> Principal:
    if session.kind is SessionKind.BUYER:
        return Principal(PrincipalKind.BUYER, session.subject)
    houses = tuple(HouseRoles(one.house_id, frozenset(role.value for role in one.roles)) for one in memberships)
    # Whoever works in no house has logged in to see what houses grant.
    return Principal(PrincipalKind.STAFF if houses else PrincipalKind.PROMOTER, session.subject, houses)
