"""What Mollie refuses of a request's body: unknown fields, wrong types, amounts with wrong decimals."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from services.contracts.money import minor_digits

Problem = tuple[str, str]

_PAYMENT: Final = frozenset(
    {
        "description",
        "amount",
        "redirectUrl",
        "cancelUrl",
        "webhookUrl",
        "locale",
        "method",
        "metadata",
        "captureMode",
        "testmode",
        "profileId",
    }
)
_METHODS: Final = frozenset({"ideal", "bancontact", "creditcard", "giftcard", "paypal", "banktransfer"})
_METADATA_BYTES: Final = 1_024


def refused_payment(body: Mapping[str, Any] | None) -> Problem | None:  # noqa: PLR0911 (one return a rule)
    """Of POST /v2/payments."""
    if body is None:
        return "", "the body is no JSON object"
    if problem := _unknown(body, _PAYMENT):
        return problem
    if not isinstance(body.get("description"), str) or not 1 <= len(body["description"]) <= 255:
        return "description", "The description must be 1 to 255 characters"
    if problem := _refused_amount(body.get("amount")):
        return problem
    for name, is_needed in (("redirectUrl", True), ("webhookUrl", False), ("cancelUrl", False)):
        url = body.get(name)
        if url is None and not is_needed:
            continue
        if not isinstance(url, str) or not re.fullmatch(r"https?://\S+", url):
            return name, "The URL is invalid"
    if body.get("method") is not None and body["method"] not in _METHODS:
        return "method", "The payment method is invalid"
    if body.get("captureMode") == "manual" and body.get("method") in {"ideal", "bancontact", "banktransfer"}:
        return "captureMode", "Manual capture is not supported for this method"
    if body.get("captureMode") not in {None, "automatic", "manual"}:
        return "captureMode", "The capture mode is invalid"
    if len(json.dumps(body.get("metadata"))) > _METADATA_BYTES:
        return "metadata", "The metadata is too large"
    return None


def refused_refund(body: Mapping[str, Any] | None, currency: str) -> Problem | None:
    """Of POST /v2/payments/{id}/refunds."""
    if body is None:
        return "", "the body is no JSON object"
    if problem := _unknown(body, frozenset({"description", "amount", "metadata", "testmode"})):
        return problem
    if len(body.get("description") or "") > 140:
        return "description", "The description is too long"
    if problem := _refused_amount(body.get("amount")):
        return problem
    return None if body["amount"]["currency"] == currency else ("amount", "The currency is not the payment's")


def refused_capture(body: Mapping[str, Any] | None) -> Problem | None:
    """Of POST /v2/payments/{id}/captures."""
    if body is None:
        return "", "the body is no JSON object"
    return _unknown(body, frozenset({"description", "amount", "metadata", "testmode"}))


def _unknown(body: Mapping[str, Any], known: frozenset[str]) -> Problem | None:
    unknown = sorted(set(body) - known)
    return (unknown[0], "Non-existent body parameter") if unknown else None


def _refused_amount(amount: Any) -> Problem | None:
    if not isinstance(amount, dict) or set(amount) != {"currency", "value"}:
        return "amount", "The amount must have a currency and a value"
    digits = minor_digits(amount["currency"]) if isinstance(amount["currency"], str) else None
    if digits is None:
        return "amount.currency", "The currency is invalid"
    form = r"[0-9]{1,12}" + (rf"\.[0-9]{{{digits}}}" if digits else "")
    if not isinstance(amount["value"], str) or not re.fullmatch(form, amount["value"]):
        return "amount.value", "The amount contains an invalid value"
    return None
