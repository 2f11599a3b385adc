"""Rows of a table as arrays, one a column: a statement is the same for one row and for many, and one round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

Row = Mapping[str, Any]


class RowArrays:
    """The columns' arrays as a table of one statement."""

    def __init__(self, columns: Sequence[sa.Column[Any]], name: str = "given") -> None:
        self._names = [column.name for column in columns]
        self._name = name
        # As text: the driver knows no arrays of JSON.
        self._of_json = {column.name for column in columns if isinstance(column.type, JSONB)}
        types = [_type_of(column) for column in columns]
        binds = [sa.bindparam(f"{name}_{one}", type_=ARRAY(kind)) for one, kind in zip(self._names, types, strict=True)]
        named = [sa.column(one, kind) for one, kind in zip(self._names, types, strict=True)]
        self.table = sa.func.unnest(*binds).table_valued(*named, name=name).render_derived(name=name)

    def column(self, name: str) -> sa.ColumnElement[Any]:
        """As the table has it."""
        value = self.table.c[name]
        return sa.cast(value, JSONB) if name in self._of_json else value

    def values(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        """The statement's parameters."""
        return {f"{self._name}_{name}": self._array(name, rows) for name in self._names}

    def _array(self, name: str, rows: Sequence[Row]) -> list[Any]:
        if name not in self._of_json:
            return [row[name] for row in rows]
        return [None if row[name] is None else msgspec.json.encode(row[name]).decode() for row in rows]


def _type_of(column: sa.Column[Any]) -> sa.types.TypeEngine[Any]:
    """Text without a length: a cast to VARCHAR(64)[] would cut off silently what the column itself refuses."""
    return sa.Text() if isinstance(column.type, (JSONB, sa.String)) else column.type


@cache
def inserting(table: sa.Table, names: tuple[str, ...]) -> tuple[sa.Select[Any], RowArrays]:
    """What is to be inserted, for insert().from_select(names, …), and its arrays."""
    arrays = RowArrays([table.c[name] for name in names])
    return sa.select(*(arrays.column(name).label(name) for name in names)), arrays


@cache
def _plain_insert(table: sa.Table, names: tuple[str, ...]) -> tuple[sa.Insert, RowArrays]:
    selected, arrays = inserting(table, names)
    return sa.insert(table).from_select(list(names), selected), arrays


def insert_rows(table: sa.Table, rows: Sequence[Row]) -> tuple[sa.Insert, dict[str, list[Any]]]:
    """The statement and its parameters. The rows have the same columns; others take their defaults."""
    statement, arrays = _plain_insert(table, tuple(rows[0]))
    return statement, arrays.values(rows)
