"""The shared plans that come with the software: services/catalogue/plans, with index.json for what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import msgspec

from services.catalogue.domain.plan_version import PlanFiles
from services.catalogue.domain.shared_plan import SharedPlanTerms


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    shared_plan_id: str
    file: str
    name: str
    city: str
    description: str


def packaged_plans() -> Iterator[tuple[str, SharedPlanTerms, PlanFiles]]:
    """Their ids, what they are found by, and their files."""
    folder = resources.files("services.catalogue").joinpath("plans")
    index = msgspec.json.decode(folder.joinpath("index.json").read_bytes(), type=list[_Entry])
    for entry in index:
        terms = SharedPlanTerms(entry.name, entry.city, entry.description)
        yield entry.shared_plan_id, terms, PlanFiles(folder.joinpath(entry.file).read_bytes())
