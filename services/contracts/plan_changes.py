"""Why a performance cannot go over to another version of its plan, as inventory and catalogue say it."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal

# Of each kind, in words; the lists have more.
_SEATS_NAMED = 3


@dataclass(frozen=True, slots=True)
class PlanInUse(Refusal):
    """Plan version {plan_version} would touch seats that are not free."""

    kind = Kind.CONFLICT
    plan_version: int
    held: tuple[str, ...]
    claimed: tuple[str, ...]
    sold: tuple[str, ...]
    blocked: tuple[str, ...]
    reserved: tuple[str, ...] = ()
    # Reported sold or not.
    handed_out: tuple[str, ...] = ()

    def message(self) -> str:
        """What stands in the way, by what it is; of each the first ones and how many more."""
        states = (
            ("held", self.held),
            ("claimed", self.claimed),
            ("sold", self.sold),
            ("blocked", self.blocked),
            ("reserved", self.reserved),
            ("handed out", self.handed_out),
        )
        told = []
        for name, seats in states:
            more = len(seats) - _SEATS_NAMED
            named = ", ".join(seats[:_SEATS_NAMED]) + (f" and {more:,} more" if more > 0 else "")
            told += [f"{len(seats):,} {name} ({named})"] if seats else []
        return f"Plan version {self.plan_version} would touch seats that are not free: {'; '.join(told)}."


@dataclass(frozen=True, slots=True)
class PlanNotNewer(Refusal):
    """The performance has plan version {plan_version}, and {asked} is older; import the older plan anew to go back."""

    kind = Kind.PRECONDITION
    plan_version: int
    asked: int
