"""Addresses that houses name for webhooks: read, refused, and written in the one form that is kept. Asks no DNS."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.contracts.bounds import MAX_URL_CHARS
from services.integrations.webhooks.domain.addresses import is_allowed
from services.runtime.errors import UNSET, FieldInvalid

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_NAME: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_IPV4: Final = re.compile(r"(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})")
# What reads as a number to some resolvers: 0x7f.1, 2130706433, 0177.0.0.1.
_NUMBER_LIKE: Final = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
# Names of the machine itself and of networks that are nobody's but their own (RFC 6761, RFC 6762, RFC 8375).
_LOCAL_NAMES: Final = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion"}
    | {"invalid", "test"}
)
# What a path and a query may be written in (RFC 3986).
_REST: Final = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?%\[\]]*")


@dataclass(frozen=True, slots=True)
class TargetRules:
    """What a deployment allows. `loopback`: http, and this machine itself; `ports`: no others, empty is any."""

    loopback: bool = False
    ports: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class TargetUrl:
    """Where something is sent: `rest` is the path with its query."""

    scheme: str
    host: str
    port: int
    rest: str

    @property
    def origin(self) -> str:
        """Scheme, host and, where it is not the usual one, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def __str__(self) -> str:
        return self.origin + self.rest


def read_target(field: str, value: str, rules: TargetRules) -> TargetUrl | FieldInvalid:
    """The address of a request in the one form that is kept, or why it is refused."""
    schemes = "https" if not rules.loopback else "https, or http of this machine itself"
    limit = f"an absolute {schemes} URL of at most {MAX_URL_CHARS:,} characters that everybody can reach"
    if not value:
        return FieldInvalid(field, UNSET, limit)
    target = _parts(value)
    problem = target if isinstance(target, str) else _problem(target, rules)
    if problem:
        return FieldInvalid(field, problem, limit)
    assert isinstance(target, TargetUrl), "refused otherwise"
    return target


def _parts(value: str) -> TargetUrl | str:
    """The address, or what is wrong with how it is written."""
    if len(value) > MAX_URL_CHARS:
        return f"has {len(value):,} characters"
    if not value.isprintable() or any(map(str.isspace, value)) or "\\" in value:
        return "has spaces, control characters or backslashes"
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not an absolute URL"
    rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    ascii_host = _ascii(host)
    faults = {
        "is not an absolute http or https URL": parts.scheme not in _DEFAULT_PORTS or not host,
        "has a user or a password in it": "@" in parts.netloc,
        "has a fragment, which is never sent": "#" in value,
        "has port 0": port == 0,
        "has characters in its path that must be percent-encoded": not _REST.fullmatch(rest),
    }
    if problem := next((words for words, is_so in faults.items() if is_so), ""):
        return problem
    if ascii_host is None:
        return "has a host that is no name"
    return TargetUrl(parts.scheme, ascii_host, port or _DEFAULT_PORTS[parts.scheme], rest)


def _ascii(host: str) -> str | None:
    """An address as it is, a name in its ASCII form (IDNA); None for what is neither."""
    if ":" in host:
        return host
    try:
        found = host.encode("idna").decode().lower() if not host.isascii() else host.lower()
    except UnicodeError:
        return None
    return found if len(found) <= 253 else None


def _problem(target: TargetUrl, rules: TargetRules) -> str:
    """What is wrong with where it leads, '' if nothing is."""
    host = target.host
    is_address = ":" in host or _IPV4.fullmatch(host) is not None
    is_this_machine = rules.loopback and (host == "localhost" or (is_address and is_loopback(host)))
    if target.scheme == "http" and not is_this_machine:
        return "is http, which anybody on the way can read"
    if rules.ports and target.port not in rules.ports:
        return f"has port {target.port}, and only {', '.join(map(str, sorted(rules.ports)))} may be used"
    if is_this_machine:
        return ""
    if is_address:
        return "" if is_allowed(host, loopback=False) else "is an address that is not public"
    if host.endswith("."):
        return "has a host that ends with a dot"
    if _NUMBER_LIKE.fullmatch(host):
        return "has a host that is a number in disguise"
    if host.rsplit(".", 1)[-1] in _LOCAL_NAMES or not _NAME.fullmatch(host):
        return "has a host that is no public name"
    return ""


def is_loopback(address: str) -> bool:
    """Whether the address is this machine's own, by its usual addresses."""
    return is_allowed(address, loopback=True) and not is_allowed(address, loopback=False)
