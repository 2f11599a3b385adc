"""Arrays of a column's values in a statement."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, asyncpg

from services.runtime.sql.row_arrays import Row, inserting

_TABLE = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("thing_id", sa.String(64)),
    sa.Column("facts", JSONB),
    sa.Column("at_ms", sa.BigInteger),
)


def test_no_array_is_cast_to_texts_of_a_length_which_would_cut_off_what_the_column_refuses() -> None:
    selected, arrays = inserting(_TABLE, ("thing_id", "facts", "at_ms"))
    written = str(selected.compile(dialect=asyncpg.dialect()))  # type: ignore[no-untyped-call]
    assert "unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[])" in written
    assert "CAST(given.facts AS JSONB)" in written
    rows: list[Row] = [
        {"thing_id": "t1", "facts": {"a": [1]}, "at_ms": 1},
        {"thing_id": "t2", "facts": None, "at_ms": 2},
    ]
    assert arrays.values(rows) == {
        "given_thing_id": ["t1", "t2"],
        "given_facts": ['{"a":[1]}', None],
        "given_at_ms": [1, 2],
    }
