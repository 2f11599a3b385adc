"""One statement for many rows: an insert or an update whose rows come as one array a column.

A statement a row costs a round trip a row; one with a VALUES list is another statement for each number of rows. With
arrays it is the same text, however many rows there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String, Table, TextClause, text
from sqlalchemy.dialects.postgresql import JSONB

# By what Python calls them; the first that fits.
_ARRAYS: Sequence[tuple[type[Any], str]] = (
    (JSONB, "text"),  # as written JSON: an array of documents would be read as one
    (Boolean, "boolean"),
    (BigInteger, "bigint"),
    (Integer, "integer"),
    (LargeBinary, "bytea"),
    (String, "text"),
)


def insert_many(table: Table, names: Sequence[str], *, unless: Sequence[str], returning: Sequence[str]) -> TextClause:
    """Inserts rows of `names`, in their order, except those whose columns `unless` are taken."""
    values = ", ".join(_value(table.c[name]) for name in names)
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {_arrays(table, names)}"  # noqa: S608 (names of our own tables)
        f" ORDER BY r.place ON CONFLICT ({', '.join(unless)}) DO NOTHING RETURNING {', '.join(returning)}"
    )


def update_many(
    table: Table, names: Sequence[str], *, keys: Sequence[str], was: str, returning: Sequence[str]
) -> TextClause:
    """Sets `names` of the rows whose `keys` are given, where the column `was` still is what the array `was` says."""
    values = ", ".join(f"{name} = {_value(table.c[name])}" for name in names)
    mine = " AND ".join(f"t.{key} = r.{key}" for key in keys)
    places = f"{_arrays(table, [*keys, *names], was=was)}"
    told = ", ".join(f"t.{name}" for name in returning)
    return text(f"UPDATE {table.name} t SET {values} FROM {places} WHERE {mine} AND t.{was} = r.was RETURNING {told}")  # noqa: S608 (as above)


def arrays_of(
    table: Table, names: Iterable[str], rows: Sequence[Mapping[str, Any]], **further: Sequence[Any]
) -> dict[str, Any]:
    """The parameters of either: the column of each name, and `further` ones as they are."""
    arrays: dict[str, Any] = dict(further)
    for name in names:
        values = [row[name] for row in rows]
        is_document = isinstance(table.c[name].type, JSONB)
        arrays[name] = [None if value is None else json.dumps(value) for value in values] if is_document else values
    return arrays


def _arrays(table: Table, names: Sequence[str], *, was: str = "") -> str:
    casts = [f"CAST(:{name} AS {_array(table.c[name])}[])" for name in names]
    columns = list(names)
    if was:
        casts.append(f"CAST(:was AS {_array(table.c[was])}[])")
        columns.append("was")
    return f"unnest({', '.join(casts)}) WITH ORDINALITY AS r ({', '.join(columns)}, place)"


def _array(column: Column[Any]) -> str:
    return next(written for kind, written in _ARRAYS if isinstance(column.type, kind))


def _value(column: Column[Any]) -> str:
    return f"CAST(r.{column.name} AS jsonb)" if isinstance(column.type, JSONB) else f"r.{column.name}"
