"""What the groups of accounts' calls share: who calls."""

from __future__ import annotations

from typing import Final

from services.accounts.domain.refusals import PersonUnknown
from services.runtime.call_context import current_principal
from services.runtime.principal import PrincipalKind
from services.runtime.rpc.errors import Refused

_PEOPLE: Final = frozenset({PrincipalKind.STAFF, PrincipalKind.PROMOTER})


def calling_person() -> str:
    """The id of the person who calls, by themselves or through a service; raises Refused where nobody has logged in."""
    principal = current_principal()
    if principal is None or principal.kind not in _PEOPLE:
        raise Refused(PersonUnknown())
    return principal.subject
