"""What is wrong with a plan document, all of it: the same fault at many places is one fault that names them."""

from __future__ import annotations

import dataclasses

from services.catalogue.domain.seating_plan import PlanInvalid

# What one refusal tells: so many faults, each with so many of its places, and how many more there are.
MAX_FAULTS_TOLD = 100
MAX_PLACES_TOLD = 5


class PlanFaults:
    """Collects what is found, in the order of finding."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], tuple[PlanInvalid, list[str]]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, fault: PlanInvalid, *, first_at: str = "") -> None:
        """`first_at`: the place that this one clashes with."""
        key = (fault.field.rpartition(".")[2], fault.problem, fault.limit)
        known = self._found.get(key)
        if known is None:
            self._found[key] = (fault, [first_at] if first_at else [])
        else:
            known[1].append(fault.field)

    def refusal(self) -> PlanInvalid | None:
        """One refusal that tells them all, up to MAX_FAULTS_TOLD; None where nothing was found."""
        told = [_with_places(*found) for found in list(self._found.values())[:MAX_FAULTS_TOLD]]
        if not told:
            return None
        return dataclasses.replace(told[0], others=tuple(told[1:]), faults=len(self._found))


def _with_places(fault: PlanInvalid, places: list[str]) -> PlanInvalid:
    if not places:
        return fault
    more = len(places) - MAX_PLACES_TOLD
    named = ", ".join(places[:MAX_PLACES_TOLD]) + (f" and {more:,} more" if more > 0 else "")
    return dataclasses.replace(fault, problem=f"{fault.problem}, also at {named}")
