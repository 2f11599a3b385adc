"""Makes links and the letters that carry them, and sends what waits. A link's secret is in its letter only."""

from __future__ import annotations

from services.accounts.domain.invitation import Invitation
from services.accounts.domain.letters import Letter, LetterKind
from services.accounts.domain.link import SECRET_PREFIX, Link, LinkPurpose
from services.accounts.domain.person import Person
from services.accounts.domain.session import hash_of
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.email_addresses import EmailAddress
from services.contracts.instants import instant_text
from services.runtime.ids import Ids

_PAGES = {LinkPurpose.RESET: "reset", LinkPurpose.CONFIRM_EMAIL: "confirm"}


class Mailing:
    """`pages_url` is where the pages are that links lead to."""

    def __init__(self, ids: Ids, pages_url: str) -> None:
        self._ids = ids
        self._pages_url = pages_url.rstrip("/")

    def new_secret(self) -> str:
        """Of a link: 192 random bits."""
        return SECRET_PREFIX + self._ids.new_secret()

    async def link(
        self,
        transaction: AccountsTransaction,
        person: Person,
        kind: LetterKind,
        purpose: LinkPurpose,
        lives_ms: int,
        *,
        to: EmailAddress,
    ) -> None:
        """Sends the person a link that is good once, for so long."""
        secret, expires_at_ms = self.new_secret(), transaction.now_ms + lives_ms
        await transaction.links.add(Link(hash_of(secret), purpose, person.person_id, to, expires_at_ms))
        facts = {"name": person.name, **self._way(_PAGES[purpose], secret, expires_at_ms)}
        await transaction.letters.add(Letter(kind, to.written, person.language, facts))

    async def invite(
        self, transaction: AccountsTransaction, invitation: Invitation, secret: str, house_name: str, language: str
    ) -> None:
        """Sends the invitation to the address that it is for."""
        facts = {"house": house_name, **self._way("invitation", secret, invitation.expires_at_ms)}
        await transaction.letters.add(Letter(LetterKind.INVITATION, invitation.email.written, language, facts))

    def _way(self, page: str, secret: str, until_ms: int) -> dict[str, str]:
        return {"link": f"{self._pages_url}/{page}/{secret}", "until": instant_text(until_ms // 60_000 * 60_000)}
