"""INV-8 by row-level security alone: reporting's statements name no house, and houses stay apart."""

from __future__ import annotations

from services.runtime.testing.servers import DatabaseUrl
from tests.integration.reporting import test_reporting_api as isolation
from tests.integration.reporting import test_schedule_houses as schedules
from tests.integration.walls import no_wall, second_wall_alone, take_policies_away


async def test_houses_stay_apart_without_any_house_in_a_where(database_url: DatabaseUrl) -> None:
    with second_wall_alone():
        await isolation.test_a_house_never_sees_another_houses_figures(database_url)
        await schedules.test_a_house_never_sees_another_houses_reports_schedules_and_mails(database_url)


async def test_without_the_policies_the_same_proof_fails(database_url: DatabaseUrl) -> None:
    url = database_url("reporting")
    await take_policies_away(url)
    with no_wall():
        await isolation.test_a_house_never_sees_another_houses_figures(lambda _service=None: url)
