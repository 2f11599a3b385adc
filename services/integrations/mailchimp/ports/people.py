"""Whom the house may write to, as customers knows at this moment, and what somebody has said elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.integrations.mailchimp.domain.profile import Person
from services.runtime.errors import Retryable


class CustomersSilent(Retryable):
    """Customers does not answer: nobody is told of, and nothing is taken back."""


@dataclass(frozen=True, slots=True)
class AskedConsent:
    """A question of the house."""

    consent_id: str
    title: str
    is_for_email: bool
    archived: bool


class People(Protocol):
    """Customers, on this service's own account. Raises CustomersSilent."""

    async def consented(
        self, house_id: str, customer_ids: Sequence[str], consent_ids: Sequence[str]
    ) -> Mapping[str, Person]:
        """Those of at most 500 who may be written to, by their ids."""
        ...

    async def take_back(self, house_id: str, customer_id: str, consent_ids: Sequence[str], said_at_ms: int) -> None:
        """An opt-out there is one here: of what was given before it was said. Nobody is fine, for it was erased."""
        ...

    async def asked(self, house_id: str) -> Sequence[AskedConsent]:
        """What the house asks."""
        ...
