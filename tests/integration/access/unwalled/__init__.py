"""The services with every comparison of house_id with a value taken out of their statements: the second wall alone."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Engine, event

# As SQLAlchemy writes it for asyncpg: house_id = $2::VARCHAR, with or without its table.
_OF_A_HOUSE = re.compile(r"(?:\b\w+\.)?\bhouse_id = (\$\d+(?:::\w+)?)")


def without_house(statement: str) -> str:
    """The statement, true for every house. The parameter stays, so that the others keep their numbers."""
    return _OF_A_HOUSE.sub(r"(\1 IS NOT NULL)", statement)


def take_the_first_wall_down() -> None:
    """For every engine of this process."""

    @event.listens_for(Engine, "before_cursor_execute", retval=True)
    def _(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> tuple[str, Any]:
        return without_house(statement), parameters
