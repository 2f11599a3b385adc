"""Who calls, where a call is for people whatever house they work for."""

from __future__ import annotations

from services.runtime.call_context import current_principal


def calling_subject() -> str:
    """The id of whoever calls, by themselves or through a service; empty where nobody has logged in, and is granted
    nothing."""
    principal = current_principal()
    return "" if principal is None else principal.subject
