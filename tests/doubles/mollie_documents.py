"""How Mollie writes its documents: JSON with links, amounts as text, one shape of a refusal; and its signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from starlette.responses import Response

from services.contracts.money import minor_digits
from tests.doubles.company import Asked

HAL = "application/hal+json"


def signed(body: bytes, secret: str) -> str:
    """As Mollie signs the webhooks of the next generation."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def signed_body(event_id: str, payment_id: str) -> bytes:
    """Of a signed webhook about a payment."""
    return json.dumps(
        {"resource": "event", "id": event_id, "type": "payment.paid", "entityId": payment_id, "createdAt": "x"}
    ).encode()


def profile_document(profile_id: str, name: str, mode: str) -> dict[str, Any]:
    """A profile."""
    there = links("profiles/me")
    return {
        "resource": "profile",
        "id": profile_id,
        "mode": mode,
        "name": name,
        "website": "https://theatre.example",
        "email": "info@theatre.example",
        "phone": "+31201234567",
        "businessCategory": "TICKETS",
        "status": "verified",
        "createdAt": "2026-01-01T00:00:00+00:00",
        "_links": there | dict.fromkeys(("dashboard", "chargebacks", "methods", "payments"), there["self"]),
    }


def links(path: str) -> dict[str, Any]:
    """Where a thing is."""
    url = {"href": f"https://api.mollie.example/v2/{path}", "type": HAL}
    return {"self": url, "documentation": url, "dashboard": url}


def amount(value: Decimal, currency: str) -> dict[str, str]:
    """As the API writes it."""
    return {"currency": currency, "value": f"{value:.{minor_digits(currency) or 0}f}"}


def instant(at_ms: int) -> str:
    """As the API writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def json_of(asked: Asked) -> dict[str, Any] | None:
    """The object in the body, if it is one."""
    try:
        found = json.loads(asked.body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def hal(document: Mapping[str, Any], status: int = 200) -> Response:
    """An answer."""
    return Response(json.dumps(document), status, media_type=HAL)


def listed(name: str, items: list[dict[str, Any]], following: str) -> Response:
    """A page of a list."""
    url = {"href": "https://api.mollie.example/v2/list", "type": HAL}
    links = {
        "self": url,
        "documentation": url,
        "previous": None,
        "next": {"href": following, "type": HAL} if following else None,
    }
    return hal({"count": len(items), "_embedded": {name: items}, "_links": links})


def refused(status: int, title: str, detail: str, field_name: str = "") -> Response:
    """Mollie's one shape of a no."""
    told: dict[str, Any] = {"status": status, "title": title, "detail": detail}
    if field_name:
        told["field"] = field_name
    return hal(told | {"_links": {"documentation": {"href": "https://docs.mollie.com", "type": "text/html"}}}, status)
