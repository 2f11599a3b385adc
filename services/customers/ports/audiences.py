"""Who may be spoken to, as the record has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.customers.domain.audience import AudienceFilter, AudienceMember, ConsentedCustomer, GrantedSight


class Audiences(Protocol):
    """Of one house; only consents that are confirmed count. By the customers' ids."""

    async def of_house(self, wanted: AudienceFilter, after: Place | None, limit: int) -> Sequence[AudienceMember]:
        """For the house's own people."""
        ...

    async def of_promoter(
        self, sight: GrantedSight, wanted: AudienceFilter, after: Place | None, limit: int
    ) -> Sequence[AudienceMember]:
        """For a promoter: who has bought what is granted, and consented to this promoter or to what was bought."""
        ...

    async def consented(self, customer_ids: Sequence[str], consent_ids: Sequence[str]) -> Sequence[ConsentedCustomer]:
        """Which of these customers may be written to, by which of these questions. A merged id is nobody."""
        ...
