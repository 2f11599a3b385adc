"""What Stripe takes: bodies as forms with brackets, known parameters only, and its one shape of an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

_INDEX: Final = re.compile(r"\[\d*\]")
_PART: Final = re.compile(r"\[([^\]]*)\]")
_KEYS: Final = "metadata"

_EXPAND: Final = frozenset({"expand[]"})
_PAGE: Final = frozenset({"limit", "starting_after", "ending_before"}) | _EXPAND
_LINE: Final = "line_items[]"
_IN_SECONDS: Final = frozenset({"created[gte]", "created[gt]", "created[lte]", "created[lt]"})
# Method and path, with {} for an id, and the parameters that are used and therefore known here.
KNOWN: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("GET", "/v1/account"): frozenset(),
    ("GET", "/v1/payment_method_configurations"): _PAGE,
    ("POST", "/v1/checkout/sessions"): _EXPAND
    | {
        "mode",
        "payment_method_types[]",
        f"{_LINE}[quantity]",
        f"{_LINE}[price_data][currency]",
        f"{_LINE}[price_data][unit_amount]",
        f"{_LINE}[price_data][product_data][name]",
        "payment_intent_data[capture_method]",
        "payment_intent_data[metadata][]",
        "client_reference_id",
        "metadata[]",
        "success_url",
        "cancel_url",
        "expires_at",
    },
    ("GET", "/v1/checkout/sessions"): _PAGE | _IN_SECONDS | {"payment_intent"},
    ("GET", "/v1/checkout/sessions/{}"): _EXPAND,
    ("POST", "/v1/checkout/sessions/{}/expire"): _EXPAND,
    ("POST", "/v1/payment_intents/{}/capture"): _EXPAND,
    ("POST", "/v1/payment_intents/{}/cancel"): _EXPAND | {"cancellation_reason"},
    ("POST", "/v1/refunds"): _EXPAND | {"payment_intent", "amount", "metadata[]"},
    ("GET", "/v1/refunds"): _PAGE | {"payment_intent"},
    ("GET", "/v1/disputes"): _PAGE | {"charge"},
    ("GET", "/v1/events"): _PAGE | {"types[]"},
}
EXPANDABLE: Final = frozenset(
    {
        "latest_charge",
        "payment_intent",
        "payment_intent.latest_charge",
        "payment_intent.latest_charge.refunds",
        "data.payment_intent.latest_charge",
        "data.payment_intent.latest_charge.refunds",
    }
)


# What the account's default configuration has; Stripe names no limits.
CONFIGURATION: Final[Mapping[str, Any]] = {
    "id": "pmc_1",
    "object": "payment_method_configuration",
    "active": True,
    "is_default": True,
    "livemode": False,
    "name": "Default",
    "parent": None,
} | {
    name: {
        "available": is_on,
        "display_preference": {"overridable": None, "preference": "on", "value": "on" if is_on else "off"},
    }
    for name, is_on in (("card", True), ("ideal", True), ("klarna", False), ("paypal", True))
}
CAPTURED_AT_ONCE: Final = frozenset({"ideal", "bancontact", "eps"})


class Refused(Exception):
    """An error in Stripe's shape. `is_kept`: it came out of the work, and is the key's answer from then on."""

    def __init__(self, status: int, message: str, *, code: str = "", param: str = "", is_kept: bool = False) -> None:
        super().__init__(message)
        self.status, self.is_kept = status, is_kept
        self.error: dict[str, Any] = {"type": "invalid_request_error", "message": message}
        self.error |= {"code": code} if code else {}
        self.error |= {"param": param} if param else {}


def route_of(method: str, path: str) -> tuple[tuple[str, str], str]:
    """The route and the id in it. Refused when there is none."""
    for known in KNOWN:
        if known[0] != method:
            continue
        found = re.fullmatch(known[1].replace("{}", "([^/]+)"), path)
        if found:
            return known, found[1] if found.groups() else ""
    raise Refused(404, f"Unrecognized request URL ({method}: {path}).")


def read_form(text: str, known: frozenset[str]) -> dict[str, Any]:
    """Nested dicts and lists; Refused for what the route does not know or what comes twice."""
    told: dict[str, Any] = {}
    seen: set[str] = set()
    for name, value in parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text)):
        plain = _plain(name)
        if plain not in known:
            raise Refused(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        if name in seen and not name.endswith("[]"):
            raise Refused(400, f"Received {name} twice", param=name)
        seen.add(name)
        if value == "":
            raise Refused(400, f"You passed an empty string for '{name}'.", code="parameter_invalid_empty", param=name)
        _put(told, name, value)
    for expand in _listed(told.get("expand")):
        if expand not in EXPANDABLE:
            raise Refused(400, f"This property cannot be expanded ({expand}).", param="expand")
    return told


def _plain(name: str) -> str:
    """The name with its numbers, and with its words under metadata, taken out."""
    plain = _INDEX.sub("[]", name)
    return re.sub(rf"({_KEYS}\]?)\[[^\]]*\]", r"\1[]", plain)


def _put(told: dict[str, Any], name: str, value: str) -> None:
    parts = [name.partition("[")[0], *_PART.findall(name)]
    here = told
    for part in parts[:-1]:
        here = here.setdefault(part, {})
    here[parts[-1] or str(len(here))] = value


def _listed(told: Any) -> Sequence[Any]:
    return list(told.values()) if isinstance(told, dict) else []


def listed(told: Mapping[str, Any], name: str) -> Sequence[Any]:
    """The values of name[0], name[1] and so on."""
    return _listed(told.get(name))


def needed(told: Mapping[str, Any], *path: str) -> str:
    """A parameter that must be there."""
    here: Any = told
    for part in path:
        here = here.get(part) if isinstance(here, dict) else None
    if not isinstance(here, str):
        name = path[0] + "".join(f"[{part}]" for part in path[1:])
        raise Refused(400, f"Missing required param: {name}.", code="parameter_missing", param=name)
    return here


def whole(text: str, name: str) -> int:
    """A number of at least 0."""
    if not text.isdecimal() or len(text) > 15:
        raise Refused(400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name)
    return int(text)


# What amounts in these are multiples of.
_STEPS: Final = {"isk": 100, "ugx": 100} | dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 10)


def check_amount(amount: int, currency: str) -> None:
    """Raises Refused."""
    if amount < 1:
        raise Refused(400, "This value must be greater than or equal to 1.", param="amount")
    if amount % _STEPS.get(currency, 1):
        raise Refused(400, "Invalid amount", code="invalid_charge_amount_no_decimal_compatible", param="amount")
    if currency != currency.lower() or len(currency) != 3:
        raise Refused(400, f"Invalid currency: {currency}", param="currency")
