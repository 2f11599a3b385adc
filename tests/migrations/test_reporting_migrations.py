"""What reporting's migrations begin with."""

from sqlalchemy import text

from services.runtime.sql.migrations import upgrade
from services.runtime.testing.servers import DatabaseUrl, as_owner


async def test_a_new_database_serves_its_first_generation(database_url: DatabaseUrl) -> None:
    url = database_url()
    await upgrade("reporting", url)
    engine = as_owner(url)
    async with engine.connect() as connection:
        serving = await connection.execute(text("SELECT generation FROM generations WHERE serving"))
        assert [row.generation for row in serving] == [1]
    await engine.dispose()
