"""Every read model there is. A new one is a module beside this one and a line in the list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.reporting.adapters.projections.availability import AVAILABILITY_MODEL
from services.reporting.adapters.projections.contingents import CONTINGENTS
from services.reporting.adapters.projections.funnel import FUNNEL_MODEL
from services.reporting.adapters.projections.houses import HOUSES
from services.reporting.adapters.projections.performances import PERFORMANCES
from services.reporting.adapters.projections.projection import Projection
from services.reporting.adapters.projections.sales import SALES
from services.reporting.adapters.projections.totals import TOTALS

PROJECTIONS: Final[Mapping[str, Projection]] = {
    each.name: each for each in (TOTALS, HOUSES, PERFORMANCES, AVAILABILITY_MODEL, SALES, CONTINGENTS, FUNNEL_MODEL)
}
