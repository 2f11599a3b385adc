"""One transaction of the catalogue's store. What belongs to a house is asked for with its house id."""

from __future__ import annotations

from typing import Protocol

from services.catalogue.domain.house import House
from services.catalogue.domain.performance import Performance, PlanFacts
from services.catalogue.domain.performance_events import PerformanceEvent
from services.catalogue.ports.drawing_requests import DrawingRequestRows
from services.catalogue.ports.halls import HallRows
from services.catalogue.ports.pass_numbers import PassNumbers
from services.catalogue.ports.performances import PerformanceRows
from services.catalogue.ports.plans import PlanRows
from services.catalogue.ports.posters import Posters
from services.catalogue.ports.price_things import PriceThings
from services.catalogue.ports.productions import Productions
from services.catalogue.ports.quotas import Quotas
from services.catalogue.ports.shared_plan_rows import SharedPlanRows
from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer


class CatalogueTransaction(Protocol):
    """Reads and writes that commit together, events included; without commit() nothing happened.

    `house_id` in every call is the asking house: what belongs to another one is not found (INV-8).
    """

    @property
    def halls(self) -> HallRows:
        """The houses' halls, in this transaction."""
        ...

    @property
    def productions(self) -> Productions:
        """The houses' productions, in this transaction."""
        ...

    @property
    def posters(self) -> Posters:
        """The images of their posters."""
        ...

    @property
    def plans(self) -> PlanRows:
        """The versions of their plans."""
        ...

    @property
    def shared_plans(self) -> SharedPlanRows:
        """The plans that the house offers to others."""
        ...

    @property
    def drawings(self) -> DrawingRequestRows:
        """The houses' requests for plans to be drawn."""
        ...

    @property
    def pass_numbers(self) -> PassNumbers:
        """The numbers of passes that houses have listed, in this transaction."""
        ...

    @property
    def price_things(self) -> PriceThings:
        """What houses keep about their prices, in this transaction."""
        ...

    @property
    def quotas(self) -> Quotas:
        """The houses' quotas, in this transaction."""
        ...

    @property
    def performances(self) -> PerformanceRows:
        """The houses' performances, in this transaction."""
        ...

    async def claim_key(self, house_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it (RULE 27)."""
        ...

    async def record_answer(self, house_id: str, key: str, answer: bytes) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    async def house(self, house_id: str) -> House | None:
        """The copy; of a house that is not known here accounts is asked, once. Raises HousesUnanswered."""
        ...

    async def plan_facts(self, house_id: str, hall_id: str, plan_version: int) -> PlanFacts | None:
        """A plan without its seats; version 0 is the latest."""
        ...

    async def lock_performance(self, house_id: str, performance_id: str) -> Performance | None:
        """The performance, locked until the transaction ends, so that its events leave in the order of its states."""
        ...

    async def publish(self, event: PerformanceEvent) -> None:
        """Puts the event into the outbox."""
        ...

    async def record_act(self, house_id: str, act: Act) -> None:
        """Puts the act into the house's act log, done by whom the current call is for."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay, once the block has ended."""
        ...
