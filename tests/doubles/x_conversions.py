"""A strict little conversion API of X: OAuth 1.0a, five hundred a request, all or none of it, once for a conversion_id.

The signature is computed here anew from RFC 5849, not by the code that is tested.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import quote, unquote

import msgspec
from starlette.responses import JSONResponse, Response

from tests.doubles.company import Asked, Company

_PATH: Final = re.compile(r"^/(\d+)/measurement/conversions/([a-z0-9]+)$")
_MOST_EVENTS: Final = 500
_CLOCK_SECONDS: Final = 300
_HASH: Final = r"^[0-9a-f]{64}$"


class Identifier(msgspec.Struct, forbid_unknown_fields=True):
    twclid: str | None = None
    hashed_email: Annotated[str, msgspec.Meta(pattern=_HASH)] | None = None
    hashed_phone_number: Annotated[str, msgspec.Meta(pattern=_HASH)] | None = None
    ip_address: str | None = None
    user_agent: str | None = None

    def told(self) -> list[str]:
        return [name for name in self.__struct_fields__ if getattr(self, name)]


class Content(msgspec.Struct, forbid_unknown_fields=True):
    content_id: str
    num_items: Annotated[int, msgspec.Meta(gt=0)]
    content_type: str | None = None


class Conversion(msgspec.Struct, forbid_unknown_fields=True):
    conversion_time: str
    event_id: Annotated[str, msgspec.Meta(pattern=r"^tw-[a-z0-9]+-[a-z0-9]+$")]
    identifiers: Annotated[list[Identifier], msgspec.Meta(min_length=1)]
    conversion_id: Annotated[str, msgspec.Meta(min_length=1)]
    event_source_url: str | None = None
    value: float | None = None
    price_currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")] | None = None
    number_items: Annotated[int, msgspec.Meta(gt=0)] | None = None
    contents: list[Content] = []


class Conversions(msgspec.Struct, forbid_unknown_fields=True):
    conversions: Annotated[list[Conversion], msgspec.Meta(min_length=1)]


@dataclass(frozen=True, slots=True)
class XKeys:
    """The keys of an account; `pixel` is what it may write to."""

    pixel: str
    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str


class XDouble(Company):
    """Knows accounts by their tokens. `counted` is what its reports would show."""

    def __init__(self, now_ms: Callable[[], int], *, version: str = "12") -> None:
        super().__init__()
        self._now_ms = now_ms
        self._version = version
        self.accounts: dict[str, XKeys] = {}
        # Of each pixel, by event_id and conversion_id.
        self.counted: dict[str, dict[tuple[str, str], Conversion]] = {}
        self.duplicates = 0
        self.tells_index = True
        # Conversions that it refuses for a reason of its own.
        self.disliked: set[str] = set()
        self._nonces: set[str] = set()

    async def answer(self, asked: Asked) -> Response:
        path = _PATH.match(asked.path)
        if path is None or asked.method != "POST" or path[1] != self._version:
            return _refused(404, "ROUTE_NOT_FOUND", "The requested route was not found")
        if refused := self._unsigned(asked, path[2]):
            return refused
        try:
            told = msgspec.json.decode(asked.body, type=Conversions)
        except msgspec.DecodeError as error:
            return self._invalid(str(error))
        if len(told.conversions) > _MOST_EVENTS:
            return self._invalid("Conversion count limit is 500")
        problems = [
            f"{problem} - at `$.conversions[{index}]`"
            for index, conversion in enumerate(told.conversions)
            if (problem := self._problem(conversion, path[2]))
        ]
        if problems:
            return self._invalid(*problems)
        for conversion in told.conversions:
            self._count(path[2], conversion)
        data = {"conversions_processed": len(told.conversions), "debug_id": str(uuid.UUID(int=1))}
        return JSONResponse({"request": {"params": {}}, "data": data})

    def _unsigned(self, asked: Asked, pixel: str) -> Response | None:
        said = _authorization(asked.headers.get("authorization", ""))
        keys = self.accounts.get(said.get("oauth_token", ""))
        if keys is None or said.get("oauth_consumer_key") != keys.consumer_key:
            return _refused(401, 89, "Invalid or expired token.")
        if abs(int(said.get("oauth_timestamp", "0")) - self._now_ms() // 1_000) > _CLOCK_SECONDS:
            return _refused(401, 135, "Timestamp out of bounds.")
        nonce = said.get("oauth_nonce", "")
        if not nonce or nonce in self._nonces or said.get("oauth_signature_method") != "HMAC-SHA1":
            return _refused(401, 32, "Could not authenticate you.")
        self._nonces.add(nonce)
        expected = _signature(asked.method, f"{self.url}{asked.path}", said, keys)
        if not hmac.compare_digest(expected, said.get("oauth_signature", "")):
            return _refused(401, 32, "Could not authenticate you.")
        if keys.pixel != pixel:
            return _refused(403, "UNAUTHORIZED_ACCESS", "This user does not have access to this pixel")
        return None

    def _problem(self, conversion: Conversion, pixel: str) -> str:
        names = [identifier.told() for identifier in conversion.identifiers]
        if any(len(told) != 1 for told in names):
            return "An identifier is one value"
        matching = {told[0] for told in names} & {"twclid", "hashed_email", "hashed_phone_number"}
        if not matching:
            return "At least one user identifier must be provided"
        if not conversion.event_id.startswith(f"tw-{pixel}-"):
            return f"Event_id ({conversion.event_id}) is not a single event tag (SET)"
        at = datetime.fromisoformat(conversion.conversion_time)
        if at.tzinfo is None or at.timestamp() * 1_000 > self._now_ms() + 60_000:
            return "Conversion_time is not valid"
        return "Invalid conversion" if conversion.conversion_id in self.disliked else ""

    def _count(self, pixel: str, conversion: Conversion) -> None:
        counted = self.counted.setdefault(pixel, {})
        key = (conversion.event_id, conversion.conversion_id)
        if key in counted:
            self.duplicates += 1
        else:
            counted[key] = conversion

    def _invalid(self, *what: str) -> Response:
        told = what if self.tells_index else ("There is an issue with a conversion",)
        errors = [{"code": "INVALID_PARAMETER", "message": message} for message in told]
        return JSONResponse({"errors": errors, "request": {"params": {}}}, 400)


def _authorization(header: str) -> Mapping[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme != "OAuth":
        return {}
    found = re.findall(r'([a-z_]+)="([^"]*)"', rest)
    return {name: unquote(value) for name, value in found}


def _signature(method: str, url: str, said: Mapping[str, str], keys: XKeys) -> str:
    """RFC 5849, section 3.4; a JSON body is no part of it."""
    signed = sorted(
        (quote(name, safe="~"), quote(value, safe="~")) for name, value in said.items() if name != "oauth_signature"
    )
    parameters = "&".join(f"{name}={value}" for name, value in signed)
    base = "&".join(quote(part, safe="~") for part in (method, url, parameters))
    secret = "&".join(quote(part, safe="~") for part in (keys.consumer_secret, keys.token_secret))
    return base64.b64encode(hmac.new(secret.encode(), base.encode(), hashlib.sha1).digest()).decode()


def _refused(status: int, code: int | str, message: str) -> Response:
    return JSONResponse({"errors": [{"code": code, "message": message}]}, status)
