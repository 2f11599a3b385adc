"""What the catalogue's migrations carry over."""

from sqlalchemy import text

from services.runtime.sql.migrations import upgrade
from services.runtime.testing.servers import DatabaseUrl, as_owner


async def test_houses_of_the_first_release_become_copies_older_than_whatever_accounts_tells(
    database_url: DatabaseUrl,
) -> None:
    url = database_url()
    await upgrade("catalogue", url, "0002")
    engine = as_owner(url)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO houses (house_id, label, name, time_zone, currency, created_at_ms)"
                " VALUES ('hse_1', 'oslo', 'Oslo', 'Europe/Oslo', 'NOK', 5)"
            )
        )
    await upgrade("catalogue", url)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT set_config('balcon.all_houses', 'on', false)"))
        query = text("SELECT house_id, label, name, time_zone, currency, languages, revision FROM houses")
        rows = [tuple(row) for row in await connection.execute(query)]
    await engine.dispose()
    assert rows == [("hse_1", "oslo", "Oslo", "Europe/Oslo", "NOK", [], 0)]
