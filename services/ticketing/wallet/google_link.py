"""A ticket as a link that puts it into Google Wallet: a signed JWT that has all of the ticket in it.

Nothing is told to Google until the buyer follows the link.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from services.paper.house_style import HouseStyle
from services.ticketing.paper.documents import Ticket

LINK: Final = "https://pay.google.com/gp/v/save/"
# Longer ones do not open in every browser: Google's own bound.
MAX_TOKEN_CHARS: Final = 1_800
_NOT_OF_IDS: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """The issuer's number in Google's console, and the service account that signs for it."""

    issuer_id: str
    service_email: str


class TokenSigner(Protocol):
    """Signs with the service account's key."""

    def token(self, claims: dict[str, Any]) -> str:
        """A JWT, RS256."""
        ...


def google_link(
    account: GoogleAccount, signer: TokenSigner, style: HouseStyle, ticket: Ticket, now_ms: int
) -> str | None:
    """The link of one ticket; None where it is longer than every browser opens."""
    for is_short in (False, True):
        claims = {
            "iss": account.service_email,
            "aud": "google",
            "typ": "savetowallet",
            "iat": now_ms // 1000,
            "origins": [],
            "payload": {
                "eventTicketClasses": [_class(account, style, ticket, is_short=is_short)],
                "eventTicketObjects": [_object(account, style, ticket)],
            },
        }
        token = signer.token(claims)
        if len(token) <= MAX_TOKEN_CHARS:
            return LINK + token
    return None


def _class_id(account: GoogleAccount, style: HouseStyle, ticket: Ticket) -> str:
    """One for each performance of a house; whatever it is told first, Google keeps."""
    at = ticket.performance
    named = f"{style.house_name}:{at.title}:{at.starts_at_ms}:{style.language}"
    return f"{account.issuer_id}.s{hashlib.sha256(named.encode()).hexdigest()[:16]}"


def _class(account: GoogleAccount, style: HouseStyle, ticket: Ticket, *, is_short: bool) -> dict[str, Any]:
    """`is_short`: without what a reader can do without."""
    at, zone = ticket.performance, ZoneInfo(style.time_zone)
    told = {
        "id": _class_id(account, style, ticket),
        "issuerName": style.house_name,
        "reviewStatus": "UNDER_REVIEW",
        "eventName": _spoken(at.title, style),
        "dateTime": {"start": datetime.fromtimestamp(at.starts_at_ms / 1000, zone).isoformat(timespec="seconds")},
    }
    if is_short:
        return told
    # Google wants an address with a venue's name; the house is what people find.
    venue = {"name": _spoken(at.hall, style), "address": _spoken(style.house_name, style)}
    return told | {"venue": venue, "hexBackgroundColor": style.primary_color}


def _object(account: GoogleAccount, style: HouseStyle, ticket: Ticket) -> dict[str, Any]:
    seat = {"section": ticket.place.zone, "row": ticket.place.row, "seat": ticket.place.seat}
    serial = hashlib.sha256(ticket.qr_text.encode()).hexdigest()[:20]
    return {
        "id": _NOT_OF_IDS.sub("-", f"{account.issuer_id}.t{serial}"),
        "classId": _class_id(account, style, ticket),
        "state": "ACTIVE",
        "barcode": {"type": "QR_CODE", "value": ticket.qr_text, "alternateText": ticket.code},
        "seatInfo": {name: _spoken(value, style) for name, value in seat.items() if value},
    }


def _spoken(value: str, style: HouseStyle) -> dict[str, Any]:
    return {"defaultValue": {"language": style.language, "value": value}}
