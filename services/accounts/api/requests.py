"""What requests of accounts share: secrets, codes and addresses as they come from strangers."""

from __future__ import annotations

import ipaddress

from services.accounts.domain.second_factor import MAX_CODE_CHARS
from services.contracts.texts import refused_text
from services.runtime.call_context import current_call
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.principal import PrincipalKind

MAX_SECRET_CHARS = 128
# Whose browser it is that a service calls for; believed of services alone.
CLIENT_ADDRESS_KEY = "x-balcon-client-address"
# A household has at least as many addresses of the newer kind.
_V6_PREFIX = 64


def refused_secret(value: str, field: str) -> FieldInvalid | None:
    """The refusal for what no secret of accounts' looks like, else None."""
    if value and len(value) <= MAX_SECRET_CHARS:
        return None
    return FieldInvalid(field, "is too long" if value else UNSET, f"1 to {MAX_SECRET_CHARS} characters")


def refused_code(value: str, *, at_least: int = 1) -> FieldInvalid | None:
    """The refusal for what no code looks like, else None."""
    return refused_text("code", value, at_least=at_least, at_most=MAX_CODE_CHARS)


def address_of(peer: str) -> str:
    """Whom tries are counted by: the caller's address, or the browser's that a service names; '' where none is known.

    `peer` is as gRPC has it: ipv4:192.0.2.1:50000 or ipv6:[2001:db8::1]:50000, percent-encoded.
    """
    call = current_call()
    named = None if call is None else call.metadata.get(CLIENT_ADDRESS_KEY)
    if isinstance(named, str) and call is not None and _is_service(call.principal):
        return _network_of(named)
    kind, _, rest = peer.replace("%5B", "[").replace("%5D", "]").partition(":")
    return _network_of(rest.rpartition(":")[0].strip("[]")) if kind in {"ipv4", "ipv6"} else ""


def _is_service(principal: object) -> bool:
    return getattr(principal, "kind", None) is PrincipalKind.SERVICE


def _network_of(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, _V6_PREFIX), strict=False).network_address)
