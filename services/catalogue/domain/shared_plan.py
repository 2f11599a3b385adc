"""Plans that houses may pick from: the operator publishes them, or a house offers one of its own (R2.2)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from services.catalogue.domain.hall import MAX_CITY_CHARS, MAX_DESCRIPTION_CHARS
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import FieldInvalid, refused_fields

# In the place of the house that offers a plan: whoever runs the deployment.
OPERATOR: Final = "operator"
MAX_QUERY_CHARS = 100


@dataclass(frozen=True, slots=True)
class SharedPlanTerms:
    """What people find a plan by."""

    name: str
    city: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class SharedPlan:
    """A plan without its seats. `offered_by` is a house or the operator; `withdrawn_at_ms` is 0 while it is offered."""

    shared_plan_id: str
    offered_by: str
    name: str
    city: str
    description: str
    seat_count: int
    categories: tuple[str, ...]
    published_at_ms: int
    withdrawn_at_ms: int = 0


def refused_shared_terms(terms: SharedPlanTerms) -> FieldInvalid | None:
    """All that is wrong with what a plan is to be found by, None if nothing is."""
    return refused_fields(
        (
            refused_text("name", terms.name, at_most=MAX_NAME_CHARS),
            refused_text("city", terms.city, at_least=0, at_most=MAX_CITY_CHARS),
            refused_text("description", terms.description, at_least=0, at_most=MAX_DESCRIPTION_CHARS),
        )
    )


def withdrawn(plan: SharedPlan, now_ms: int) -> SharedPlan | None:
    """The plan offered no longer. None: it is not already, and asking twice is fine."""
    return None if plan.withdrawn_at_ms else dataclasses.replace(plan, withdrawn_at_ms=now_ms)
