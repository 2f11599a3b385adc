"""A strict little Conversions API of Meta: refuses what Meta refuses, and counts an event once as Meta does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec
from starlette.responses import JSONResponse, Response

from tests.doubles.company import Asked, Company

_PATH: Final = re.compile(r"^/v(\d+\.\d+)/(\d+)/events$")
_MOST_EVENTS: Final = 1_000
_OLDEST_MS: Final = 7 * 24 * 3_600_000
_FUTURE_MS: Final = 60_000
_ONCE_MS: Final = 48 * 3_600_000
_HASH: Final = r"^[0-9a-f]{64}$"

_Hash = Annotated[str, msgspec.Meta(pattern=_HASH)]
_Text = Annotated[str, msgspec.Meta(min_length=1)]


class UserData(msgspec.Struct, forbid_unknown_fields=True):
    em: _Hash | None = None
    ph: _Hash | None = None
    fn: _Hash | None = None
    ln: _Hash | None = None
    ct: _Hash | None = None
    st: _Hash | None = None
    zp: _Hash | None = None
    country: _Hash | None = None
    ge: _Hash | None = None
    db: _Hash | None = None
    external_id: _Hash | None = None
    client_ip_address: _Text | None = None
    client_user_agent: _Text | None = None
    fbc: Annotated[str, msgspec.Meta(pattern=r"^fb\.1\.\d+\..+$")] | None = None
    fbp: Annotated[str, msgspec.Meta(pattern=r"^fb\.1\.\d+\.\d+$")] | None = None


class Content(msgspec.Struct, forbid_unknown_fields=True):
    id: _Text
    quantity: Annotated[int, msgspec.Meta(gt=0)]
    item_price: float | None = None


class CustomData(msgspec.Struct, forbid_unknown_fields=True):
    value: Annotated[float, msgspec.Meta(ge=0)] | None = None
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")] | None = None
    content_ids: list[str] = []
    contents: list[Content] = []
    content_type: Literal["product", "product_group"] | None = None
    num_items: int | None = None
    order_id: str | None = None


class ServerEvent(msgspec.Struct, forbid_unknown_fields=True):
    event_name: _Text
    event_time: int
    event_id: _Text
    action_source: Literal["website"]
    event_source_url: Annotated[str, msgspec.Meta(pattern=r"^https?://")]
    user_data: UserData
    custom_data: CustomData | None = None


class Events(msgspec.Struct, forbid_unknown_fields=True):
    data: Annotated[list[ServerEvent], msgspec.Meta(min_length=1)]
    access_token: _Text
    test_event_code: str | None = None


class MetaDouble(Company):
    """Knows pixels by their tokens. `counted` is what its reports would show."""

    def __init__(self, now_ms: Callable[[], int], *, version: str = "25.0") -> None:
        super().__init__()
        self._now_ms = now_ms
        self._version = version
        # Token of each pixel.
        self.tokens: dict[str, str] = {}
        # Of each pixel, by event_name and event_id.
        self.counted: dict[str, dict[tuple[str, str], ServerEvent]] = {}
        self.tested: list[ServerEvent] = []
        self.duplicates = 0
        # Meta's answers name the bad event only sometimes.
        self.tells_index = True
        # Events that it refuses for a reason of its own.
        self.disliked: set[str] = set()

    async def answer(self, asked: Asked) -> Response:
        path = _PATH.match(asked.path)
        if path is None or asked.method != "POST":
            return _refused(404, 2500, "Unknown path components")
        if path[1] != self._version:
            return _refused(400, 2635, "You are calling a deprecated version of the Ads API")
        if asked.query:
            return _refused(400, 100, "A secret in the address of a request ends in somebody's log")
        try:
            events = msgspec.json.decode(asked.body, type=Events)
        except msgspec.DecodeError as error:
            return self._invalid(str(error))
        pixel = path[2]
        if pixel not in self.tokens:
            return _refused(400, 100, f"Object with ID '{pixel}' does not exist", subcode=33)
        if events.access_token != self.tokens[pixel]:
            return _refused(400, 190, "Error validating access token: The session has been invalidated")
        return self._taken(pixel, events)

    def _taken(self, pixel: str, events: Events) -> Response:
        if len(events.data) > _MOST_EVENTS:
            return self._invalid("too many events in data")
        for index, event in enumerate(events.data):
            if problem := self._problem(event):
                return self._invalid(f"{problem} - at `$.data[{index}]`")
        if events.test_event_code is not None:
            self.tested += events.data
        else:
            for event in events.data:
                self._count(pixel, event)
        return JSONResponse({"events_received": len(events.data), "messages": [], "fbtrace_id": "A1"})

    def _problem(self, event: ServerEvent) -> str:
        now = self._now_ms()
        if event.event_time * 1_000 < now - _OLDEST_MS:
            return "Event Timestamp Too Old"
        if event.event_time * 1_000 > now + _FUTURE_MS:
            return "Event Timestamp In The Future"
        person = event.user_data
        if not person.client_user_agent:
            return "client_user_agent is required for website events"
        if not any((person.em, person.ph, person.external_id, person.fbc, person.fbp, person.client_ip_address)):
            return "You must provide more customer information"
        sold = event.custom_data
        if event.event_name == "Purchase" and (sold is None or sold.value is None or sold.currency is None):
            return "Purchase needs value and currency"
        return "Invalid parameter" if event.event_id in self.disliked else ""

    def _count(self, pixel: str, event: ServerEvent) -> None:
        counted = self.counted.setdefault(pixel, {})
        key = (event.event_name, event.event_id)
        first = counted.get(key)
        if first is not None and abs(event.event_time - first.event_time) * 1_000 <= _ONCE_MS:
            self.duplicates += 1
        else:
            counted[key] = event

    def _invalid(self, what: str) -> Response:
        told = what if self.tells_index else "There is an issue with your event."
        return _refused(400, 100, f"Invalid parameter: {told}", subcode=2_804_019)


def _refused(status: int, code: int, message: str, *, subcode: int = 0) -> Response:
    error = {
        "message": message,
        "type": "OAuthException",
        "code": code,
        "error_subcode": subcode,
        "is_transient": False,
        "error_user_msg": message,
        "fbtrace_id": "A1",
    }
    return JSONResponse({"error": error}, status)
