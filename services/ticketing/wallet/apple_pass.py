"""A ticket as a pass of Apple Wallet: pass.json, pictures, a manifest, a signature over it, all in one archive.

The format is Apple's: a manifest of SHA-1 sums, signed by PKCS #7 without the content. A pass is not updated once it is
on a telephone: whether its code still lets in, the door says.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, Protocol

from PIL import Image, ImageDraw, ImageFont

from services.paper.house_style import HouseStyle
from services.paper.localised import clock_text, weekday_text
from services.paper.logo import logo_pixels
from services.paper.typeface import BOLD_FILE
from services.ticketing.letters.view import WORDS
from services.ticketing.paper.documents import Ticket
from services.ticketing.paper.spoken import TICKET_WORDS, ticket_type_text

PASS_TYPE: Final = "application/vnd.apple.pkpass"  # noqa: S105 (a media type)
BUNDLE_TYPE: Final = "application/vnd.apple.pkpasses"
_ICON_SIDES: Final = {"icon.png": 29, "icon@2x.png": 58, "icon@3x.png": 87}
_LOGO_BOXES: Final = {"logo.png": (160, 50), "logo@2x.png": (320, 100)}


@dataclass(frozen=True, slots=True)
class AppleAccount:
    """Whose passes they are, as Apple knows it."""

    pass_type_id: str
    team_id: str


class ManifestSigner(Protocol):
    """Signs with the certificate of the pass type."""

    def signed(self, manifest: bytes) -> bytes:
        """A detached PKCS #7 signature, DER, with the certificates that lead to Apple's root."""
        ...


def apple_pass(account: AppleAccount, signer: ManifestSigner, style: HouseStyle, ticket: Ticket) -> bytes:
    """The archive of one ticket."""
    files = {"pass.json": json.dumps(_pass(account, style, ticket), ensure_ascii=False).encode(), **_pictures(style)}
    sums = {name: hashlib.sha1(content).hexdigest() for name, content in files.items()}  # noqa: S324 (Apple's format)
    manifest = json.dumps(sums).encode()
    return _archive({**files, "manifest.json": manifest, "signature": signer.signed(manifest)})


def bundle_of(passes: Sequence[bytes]) -> bytes:
    """Several passes that are put into the wallet with one tap."""
    return _archive({f"ticket-{place}.pkpass": content for place, content in enumerate(passes, 1)})


def _archive(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _pass(account: AppleAccount, style: HouseStyle, ticket: Ticket) -> dict[str, Any]:
    at = ticket.performance
    starts = datetime.fromtimestamp(at.starts_at_ms / 1000, UTC).isoformat(timespec="seconds")
    return {
        "formatVersion": 1,
        "passTypeIdentifier": account.pass_type_id,
        "teamIdentifier": account.team_id,
        # The same code is the same pass, another code another.
        "serialNumber": hashlib.sha256(ticket.qr_text.encode()).hexdigest()[:32],
        "organizationName": style.house_name,
        "logoText": style.house_name,
        "description": f"{at.title}, {style.house_name}",
        "relevantDate": starts,
        "backgroundColor": _color(style.primary_color),
        "foregroundColor": _ink(style.primary_color),
        "labelColor": _ink(style.primary_color),
        "barcodes": [
            {
                "format": "PKBarcodeFormatQR",
                "message": ticket.qr_text,
                "messageEncoding": "iso-8859-1",
                "altText": ticket.code,
            }
        ],
        "eventTicket": _fields(style, ticket),
    }


def _fields(style: HouseStyle, ticket: Ticket) -> dict[str, Any]:
    words, tickets, at = WORDS[style.language], TICKET_WORDS[style.language], ticket.performance
    zone, language = style.time_zone, style.language
    place = [("zone", tickets.zone, ticket.place.zone), ("row", tickets.row, ticket.place.row)]
    place.append(("seat", tickets.seat, ticket.place.seat))
    if not (ticket.place.row or ticket.place.seat):
        place[1:] = [("standing", "", tickets.standing)]
    doors = clock_text(at.doors_at_ms, zone, language) if at.doors_at_ms is not None else ""
    back = [
        ("kind", words.kind, ticket_type_text(ticket.ticket_type, language)),
        ("doors", words.when, tickets.doors.format(doors) if doors else ""),
        ("order", words.order, ticket.origin_number),
        ("conditions", style.house_name, ticket.conditions),
    ]
    return {
        "headerFields": _told([("time", "", clock_text(at.starts_at_ms, zone, language))]),
        "primaryFields": _told([("event", at.subtitle, at.title)]),
        "secondaryFields": _told(
            [("when", words.when, weekday_text(at.starts_at_ms, zone, language)), ("where", words.where, at.hall)]
        ),
        "auxiliaryFields": _told(place),
        "backFields": _told(back),
    }


def _told(fields: Sequence[tuple[str, str, str]]) -> list[dict[str, str]]:
    return [{"key": key, "label": label, "value": value} for key, label, value in fields if value]


def _color(written: str) -> str:
    red, green, blue = _rgb(written)
    return f"rgb({red}, {green}, {blue})"


def _ink(ground: str) -> str:
    """White or black, whichever is read on that ground."""
    red, green, blue = _rgb(ground)
    is_dark = red * 299 + green * 587 + blue * 114 < 140_000
    return "rgb(255, 255, 255)" if is_dark else "rgb(0, 0, 0)"


def _rgb(written: str) -> tuple[int, int, int]:
    return int(written[1:3], 16), int(written[3:5], 16), int(written[5:7], 16)


@lru_cache(maxsize=64)
def _pictures(style: HouseStyle) -> Mapping[str, bytes]:
    """The icon shows the house's first letter on its colour; its logo where it has one."""
    pictures = {name: _icon(style, side) for name, side in _ICON_SIDES.items()}
    if style.logo:
        pictures |= {name: _logo(style.logo, box) for name, box in _LOGO_BOXES.items()}
    return pictures


def _icon(style: HouseStyle, side: int) -> bytes:
    image = Image.new("RGB", (side, side), style.primary_color)
    font = ImageFont.truetype(str(BOLD_FILE), round(side * 0.6))
    letter = style.house_name[:1].upper()
    middle = (side / 2, side / 2)
    ImageDraw.Draw(image).text(middle, letter, fill=_ink(style.primary_color), font=font, anchor="mm")
    return _png(image)


def _logo(content: bytes, box: tuple[int, int]) -> bytes:
    image = logo_pixels(content).copy()
    image.thumbnail(box)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
