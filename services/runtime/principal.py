"""Who calls, as a checked token will tell it: plain records. Checks no token and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class PrincipalKind(Enum):
    """What a principal is; it says which audience of a method it belongs to."""

    BUYER = "BUYER"
    STAFF = "STAFF"
    PROMOTER = "PROMOTER"
    RESELLER = "RESELLER"
    SERVICE = "SERVICE"
    OPERATOR = "OPERATOR"


@dataclass(frozen=True, slots=True)
class PrincipalRef:
    """A principal in short, without its rights: what a row of the stream names, and what an act log writes down.

    `subject` is an id, never a name or an address: 1 to 64 characters of [A-Za-z0-9_-].
    """

    kind: PrincipalKind
    subject: str


@dataclass(frozen=True, slots=True)
class HouseRoles:
    """The roles that a principal has in one house."""

    house_id: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, with the houses it has roles in. Only a service acts on behalf of somebody, and then names them."""

    kind: PrincipalKind
    subject: str
    houses: tuple[HouseRoles, ...] = ()
    on_behalf_of: PrincipalRef | None = None

    def __post_init__(self) -> None:
        assert self.on_behalf_of is None or self.kind is PrincipalKind.SERVICE, "only services act on behalf of others"

    @property
    def acts_for(self) -> PrincipalRef:
        """On whose behalf the call is: who calls, or whom the calling service names."""
        return self.on_behalf_of or PrincipalRef(self.kind, self.subject)

    def is_in(self, house_id: str) -> bool:
        """Whether it has anything to do with the house."""
        return any(house.house_id == house_id for house in self.houses)

    def roles_in(self, house_id: str) -> frozenset[str]:
        """Empty in a foreign house."""
        return frozenset[str]().union(*(house.roles for house in self.houses if house.house_id == house_id))
