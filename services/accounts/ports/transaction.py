"""One transaction of accounts' store: its rows by subject, its events and acts, all or nothing."""

from __future__ import annotations

from typing import Protocol

from services.accounts.domain.house import House
from services.accounts.ports.acts import Acts
from services.accounts.ports.api_keys import ApiKeys
from services.accounts.ports.grants import Grants
from services.accounts.ports.houses import Houses
from services.accounts.ports.invitations import Invitations
from services.accounts.ports.letters import Letters
from services.accounts.ports.links import Links
from services.accounts.ports.log_in_attempts import LogInAttempts
from services.accounts.ports.members import Members
from services.accounts.ports.people import People
from services.accounts.ports.promoters import Promoters
from services.accounts.ports.revocations import Revocations
from services.accounts.ports.second_factors import SecondFactors
from services.accounts.ports.sessions import Sessions
from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.runtime.signing_keys.port import SigningKeys


class AccountsTransaction(Protocol):
    """Reads and writes that commit together, events included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def acts(self) -> Acts: ...

    @property
    def api_keys(self) -> ApiKeys: ...

    @property
    def grants(self) -> Grants: ...

    @property
    def promoters(self) -> Promoters: ...

    @property
    def houses(self) -> Houses: ...

    @property
    def people(self) -> People: ...

    @property
    def members(self) -> Members: ...

    @property
    def revocations(self) -> Revocations: ...

    @property
    def invitations(self) -> Invitations: ...

    @property
    def links(self) -> Links: ...

    @property
    def log_in_attempts(self) -> LogInAttempts: ...

    @property
    def second_factors(self) -> SecondFactors: ...

    @property
    def letters(self) -> Letters: ...

    @property
    def sessions(self) -> Sessions: ...

    @property
    def signing_keys(self) -> SigningKeys: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it (RULE 27)."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    def tell_house(self, house: House) -> None:
        """HouseChanged goes out with the commit."""
        ...

    def revoke(self, subject: str, session_id: str = "") -> None:
        """What was signed until now_ms for the subject, or for its session, is void; AccessRevoked tells it."""
        ...

    def revoke_key(self, key_id: str) -> None:
        """What the signing key has signed is void; AccessRevoked tells it."""
        ...

    async def record_act(self, house_id: str, act: Act, person_id: str = "") -> None:
        """Puts the act into the house's act log, done by whom the current call is for, or by the person named.

        Who signs up or accepts an invitation has no token yet.
        """
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay, once the block has ended."""
        ...
