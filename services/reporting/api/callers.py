"""Who calls, where a call is for people and for what they are granted."""

from __future__ import annotations

from typing import Final

from services.runtime.access.refusals import TokenMissing
from services.runtime.call_context import current_principal
from services.runtime.principal import PrincipalKind
from services.runtime.rpc.errors import Refused

_PEOPLE: Final = frozenset({PrincipalKind.STAFF, PrincipalKind.PROMOTER})


def calling_person() -> str:
    """The id of the person who calls; raises Refused where nobody has logged in. Grants are asked for by it."""
    principal = current_principal()
    if principal is None or principal.kind not in _PEOPLE:
        raise Refused(TokenMissing())
    return principal.subject
