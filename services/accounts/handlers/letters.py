"""Sends a letter that waits, and forgets it. By a fault in between it is sent twice, with the same Message-ID."""

from __future__ import annotations

from services.accounts.domain.letters import LetterKind, written
from services.accounts.handlers.people import PersonHandler
from services.accounts.ports.store import AccountsStore
from services.runtime.mail.post import Post


class LetterHandler:
    """Run by the job queue, at least once for each letter."""

    def __init__(self, store: AccountsStore, people: PersonHandler, post: Post) -> None:
        self._store = store
        self._people = people
        self._post = post

    async def send(self, letter_id: str) -> None:
        """Raises what the post raises: later, or never."""
        async with self._store.transaction() as transaction:
            letter = await transaction.letters.find(letter_id)
            if letter is None:
                return
            if letter.kind is LetterKind.RESET_ASKED:
                await self._people.send_reset(transaction, letter)
                await transaction.letters.remove(letter_id)
                await transaction.commit()
                return
        await self._post.send(letter_id, letter.to, written(letter), letter.language)
        async with self._store.transaction() as transaction:
            await transaction.letters.remove(letter_id)
            await transaction.commit()
