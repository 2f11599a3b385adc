"""On whose account the console calls: with the deployment's key as a service or as the operator."""

from __future__ import annotations

import hashlib
import hmac
import os
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from services.console.stack.data_folder import DataFolder
from services.runtime.access.keys import private_key
from services.runtime.access.own_token import OwnToken
from services.runtime.call_context import act_as
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.principal import PrincipalKind

SERVICE_KEY_VARIABLE: Final = "BALCON_SERVICE_KEY"
_SUBJECT: Final = "console"

_key: ContextVar[str] = ContextVar("balcon_service_key", default="")
_operator: ContextVar[OwnToken | None] = ContextVar("balcon_operator", default=None)


def find_service_key(data: Path) -> str:
    """The deployment's private key: BALCON_SERVICE_KEY, or that of the data folder; '' when there is none."""
    return os.environ.get(SERVICE_KEY_VARIABLE) or DataFolder(data).existing_service_key()


def hold_key(written: str) -> None:
    """This task and those it starts call as a service of the deployment from now on; '' changes nothing.

    Raises KeyMalformed.
    """
    if not written:
        return
    _key.set(written)
    key, clock, ids = private_key(written), SystemClock(), RandomIds()
    act_as(OwnToken(key, _SUBJECT, clock, ids))
    _operator.set(OwnToken(key, _SUBJECT, clock, ids, PrincipalKind.OPERATOR))


def act_as_operator() -> None:
    """This task and those it starts call as whoever runs the deployment, if the key is held."""
    operator = _operator.get()
    if operator is not None:
        act_as(operator)


def demo_owner(label: str) -> tuple[str, str]:
    """E-mail and password of the owner of a demo house: whoever holds the deployment's key can log in as them."""
    secret = hmac.new(_key.get().encode(), f"demo house {label}".encode(), hashlib.sha256)
    return f"owner@{label}.example", secret.hexdigest()


def password_for(email: str) -> str:
    """The password of somebody who was seeded: whoever holds the deployment's key can log in as them."""
    return hmac.new(_key.get().encode(), f"seeded {email}".encode(), hashlib.sha256).hexdigest()[:20]
