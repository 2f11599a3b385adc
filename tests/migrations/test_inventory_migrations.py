"""What no comparison of tables sees of the inventory's schema."""

from sqlalchemy import text

from services.runtime.testing.servers import DatabaseUrl, as_owner


async def test_the_guard_against_a_double_sale_is_in_the_migrated_schema(database_url: DatabaseUrl) -> None:
    """RULE 3: unique, and over active claims only. Alembic does not compare the predicate of an index."""
    engine = as_owner(database_url("inventory"))
    async with engine.connect() as connection:
        definition = await connection.scalar(
            text("SELECT indexdef FROM pg_indexes WHERE indexname = 'uq_seat_claim_active'")
        )
    await engine.dispose()
    assert definition is not None
    assert definition.startswith("CREATE UNIQUE INDEX uq_seat_claim_active")
    assert "(performance_id, seat_index)" in definition
    assert all(f"'{state}'" in definition for state in ("claimed", "sold"))
    assert "cancelled" not in definition
