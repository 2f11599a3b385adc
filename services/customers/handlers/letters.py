"""Sends a letter that waits, and forgets it. By a fault in between it is sent twice, with the same Message-ID."""

from __future__ import annotations

from services.customers.domain.letters import LetterKind, written
from services.customers.handlers.house_keeper import HouseKeeper
from services.customers.handlers.own_data import OwnDataHandler
from services.customers.ports.store import CustomersStore
from services.runtime.mail.post import Post


class LetterHandler:
    """Run by the job queue, at least once for each letter."""

    def __init__(self, store: CustomersStore, houses: HouseKeeper, own_data: OwnDataHandler, post: Post) -> None:
        self._store = store
        self._houses = houses
        self._own_data = own_data
        self._post = post

    async def send(self, house_id: str, letter_id: str) -> None:
        """Raises what the post raises (later, or never) and HousesUnanswered."""
        async with self._store.transaction(house_id) as transaction:
            letter = await transaction.letters.find(letter_id)
        if letter is None:
            return
        if letter.kind is LetterKind.LINK_ASKED:
            # So that the house is known, wherever somebody asks for a link first.
            await self._houses.house(house_id)
            async with self._store.transaction(house_id) as transaction:
                if await transaction.letters.find(letter_id) is not None:
                    await self._own_data.send_link(transaction, letter)
                    await transaction.letters.remove(letter_id)
                    await transaction.commit()
            return
        await self._post.send(letter_id, letter.to, written(letter), letter.language)
        async with self._store.transaction(house_id) as transaction:
            await transaction.letters.remove(letter_id)
            await transaction.commit()
