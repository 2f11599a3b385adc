"""Memberships: who has which roles in which house. A house always has an owner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.access import Role
from services.runtime.errors import UNSET, FieldInvalid

# A token carries them all, with their roles, and must fit into a header (RFC 9110 leaves that to servers).
MAX_HOUSES_OF_A_PERSON = 25
_LIMIT = f"some of {', '.join(role.value for role in Role)}, each once"


@dataclass(frozen=True, slots=True)
class Membership:
    """A person in one house, with at least one role."""

    house_id: str
    person_id: str
    roles: frozenset[Role]
    joined_at_ms: int
    revision: int = 1


def refused_roles(roles: Sequence[str], field: str = "roles") -> FieldInvalid | None:
    """The refusal for roles that are none, unknown or doubled, else None."""
    if not roles:
        return FieldInvalid(field, UNSET, _LIMIT)
    unknown = sorted({role[:32] for role in roles if role not in set(Role)})
    if unknown:
        return FieldInvalid(field, f"has {', '.join(map(repr, unknown[:8]))}", _LIMIT)
    return FieldInvalid(field, "has a role twice", _LIMIT) if len(set(roles)) < len(roles) else None


def leaves_no_owner(members: Sequence[Membership], person_id: str, roles: frozenset[Role]) -> bool:
    """Whether nobody owned the house any more if the person had these roles (none: the person left)."""
    others = [member for member in members if member.person_id != person_id and Role.OWNER in member.roles]
    return not others and Role.OWNER not in roles
