"""A strict little Data Manager API of Google, with the token endpoint: fast failure, one answer for a whole request.

A transaction id counts once for a conversion action; the same with another value adjusts it, as Google says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs

import jwt
import msgspec
from starlette.responses import JSONResponse, Response

from tests.doubles.company import Asked, Company

SCOPE: Final = "https://www.googleapis.com/auth/datamanager"
_MOST_EVENTS: Final = 2_000
_MOST_IDENTIFIERS: Final = 10
_OLDEST_MS: Final = 90 * 24 * 3_600_000
_TOKEN_SECONDS: Final = 3_599
_HASH: Final = r"^[0-9a-f]{64}$"

_Hash = Annotated[str, msgspec.Meta(pattern=_HASH)]
_Digits = Annotated[str, msgspec.Meta(pattern=r"^\d+$")]
_Consent = Literal["CONSENT_GRANTED", "CONSENT_DENIED", "CONSENT_STATUS_UNSPECIFIED"]


class _Wire(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    pass


class Account(_Wire):
    account_type: Literal["GOOGLE_ADS"]
    account_id: _Digits


class Destination(_Wire):
    operating_account: Account
    product_destination_id: _Digits
    login_account: Account | None = None
    reference: str | None = None


class Address(_Wire):
    given_name: _Hash
    family_name: _Hash
    region_code: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}$")]
    postal_code: Annotated[str, msgspec.Meta(min_length=1)]


class UserIdentifier(_Wire):
    email_address: _Hash | None = None
    phone_number: _Hash | None = None
    address: Address | None = None


class UserData(_Wire):
    user_identifiers: Annotated[list[UserIdentifier], msgspec.Meta(min_length=1, max_length=_MOST_IDENTIFIERS)]


class DeviceInfo(_Wire):
    user_agent: str | None = None
    ip_address: str | None = None


class AdIdentifiers(_Wire):
    gclid: str | None = None
    gbraid: str | None = None
    wbraid: str | None = None
    landing_page_device_info: DeviceInfo | None = None


class Consent(_Wire):
    ad_user_data: _Consent
    ad_personalization: _Consent


class Event(_Wire):
    transaction_id: Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
    event_timestamp: str
    event_source: Literal["WEB"]
    consent: Consent
    user_data: UserData | None = None
    ad_identifiers: AdIdentifiers | None = None
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")] | None = None
    conversion_value: Annotated[float, msgspec.Meta(ge=0)] | None = None
    destination_references: list[str] = []
    last_updated_timestamp: str | None = None
    event_device_info: DeviceInfo | None = None


class IngestEvents(_Wire):
    destinations: Annotated[list[Destination], msgspec.Meta(min_length=1, max_length=10)]
    events: Annotated[list[Event], msgspec.Meta(min_length=1)]
    validate_only: bool = False
    encoding: Literal["HEX", "BASE64"] | None = None


class GoogleDouble(Company):
    """Knows service accounts by their public keys. `counted` is what its reports would show."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self._now_ms = now_ms
        # Public key of each service account, by its address.
        self.service_accounts: dict[str, Any] = {}
        # Refresh tokens that are good, with the client's id and secret.
        self.refresh_tokens: dict[str, tuple[str, str]] = {}
        self.token_seconds = _TOKEN_SECONDS
        self._tokens: dict[str, int] = {}
        self.tokens_made = 0
        # Of each conversion action, by transaction id: its values, the first one first.
        self.counted: dict[str, dict[str, list[Event]]] = {}
        self.duplicates = 0
        # Events that it refuses at once, and those that it finds wrong later.
        self.disliked: set[str] = set()
        self.fails_later: set[str] = set()
        self.processing = False
        self._requests: dict[str, IngestEvents] = {}

    async def answer(self, asked: Asked) -> Response:
        if asked.path == "/token" and asked.method == "POST":
            return self._token(parse_qs(asked.body.decode()))
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(bearer, 0) <= self._now_ms():
            return _refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if asked.path == "/v1/events:ingest" and asked.method == "POST":
            return self._ingest(asked)
        if asked.path == "/v1/requestStatus:retrieve" and asked.method == "GET":
            return self._status(parse_qs(asked.query).get("requestId", [""])[0])
        return _refused(404, "NOT_FOUND", "Method not found.")

    def revoke(self) -> None:
        """Every token that was given is void."""
        self._tokens.clear()

    def _token(self, form: Mapping[str, Sequence[str]]) -> Response:
        said = {name: values[0] for name, values in form.items()}
        match said.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                good = self._is_assertion_good(said.get("assertion", ""))
            case "refresh_token":
                client = (said.get("client_id", ""), said.get("client_secret", ""))
                good = self.refresh_tokens.get(said.get("refresh_token", "")) == client
            case _:
                return JSONResponse({"error": "unsupported_grant_type"}, 400)
        if not good:
            return JSONResponse({"error": "invalid_grant", "error_description": "Token revoked."}, 400)
        self.tokens_made += 1
        token = f"ya29.{self.tokens_made}"
        self._tokens[token] = self._now_ms() + self.token_seconds * 1_000
        return JSONResponse({"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"})

    def _is_assertion_good(self, assertion: str) -> bool:
        try:
            issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss", "")
            said = jwt.decode(
                assertion,
                self.service_accounts.get(issuer, ""),
                algorithms=["RS256"],
                audience=f"{self.url}/token",
                options={"require": ["iss", "aud", "iat", "exp", "scope"], "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, TypeError, ValueError):
            return False
        now = self._now_ms() // 1_000
        return bool(said["scope"] == SCOPE and said["iat"] <= now + 60 and now < said["exp"] <= said["iat"] + 3_600)

    def _ingest(self, asked: Asked) -> Response:
        try:
            told = msgspec.json.decode(asked.body, type=IngestEvents)
        except msgspec.DecodeError as error:
            path = str(error).rpartition("`$.")[2].rstrip("`")
            return _refused(400, "INVALID_ARGUMENT", "There was a problem with the request.", {path: "INVALID_FORMAT"})
        if len(told.events) > _MOST_EVENTS:
            return _refused(400, "INVALID_ARGUMENT", "Too many events.", {"events": "TOO_MANY_EVENTS"})
        references = [destination.reference for destination in told.destinations]
        wrong = {
            f"events[{index}]": problem
            for index, event in enumerate(told.events)
            if (problem := self._problem(event, told.encoding, references))
        }
        if wrong:
            return _refused(400, "INVALID_ARGUMENT", "There was a problem with the request.", wrong)
        if told.validate_only:
            return JSONResponse({})
        request_id = f"request-{len(self._requests) + 1}"
        self._requests[request_id] = told
        for event in told.events:
            self._count(event, told.destinations)
        return JSONResponse({"requestId": request_id})

    def _problem(self, event: Event, encoding: str | None, references: Sequence[str | None]) -> str:
        at_ms = datetime.fromisoformat(event.event_timestamp).timestamp() * 1_000
        if not self._now_ms() - _OLDEST_MS <= at_ms <= self._now_ms() + 60_000:
            return "EVENT_TIME_INVALID"
        ad = event.ad_identifiers
        if event.user_data is None and not (ad and (ad.gclid or ad.gbraid or ad.wbraid)):
            return "NO_IDENTIFIERS_PROVIDED"
        if event.user_data is not None and encoding != "HEX":
            return "INVALID_HEX_ENCODING"
        for identifier in event.user_data.user_identifiers if event.user_data else ():
            if sum(map(bool, (identifier.email_address, identifier.phone_number, identifier.address))) != 1:
                return "INVALID_FORMAT"
        if any(reference not in references for reference in event.destination_references):
            return "INVALID_DESTINATION"
        if event.conversion_value is not None and event.currency is None:
            return "INVALID_CURRENCY_CODE"
        return "INVALID_EVENT" if event.transaction_id in self.disliked else ""

    def _count(self, event: Event, destinations: Sequence[Destination]) -> None:
        if event.transaction_id in self.fails_later:
            return
        for destination in destinations:
            if event.destination_references and destination.reference not in event.destination_references:
                continue
            action = self.counted.setdefault(destination.product_destination_id, {})
            values = action.setdefault(event.transaction_id, [])
            if values and values[-1].conversion_value == event.conversion_value:
                self.duplicates += 1
            else:
                values.append(event)

    def _status(self, request_id: str) -> Response:
        told = self._requests.get(request_id)
        if told is None:
            return _refused(400, "INVALID_ARGUMENT", "Unknown request.", {"request_id": "INVALID_REQUEST_ID"})
        failed = sum(event.transaction_id in self.fails_later for event in told.events)
        status: dict[str, object] = {
            "destination": msgspec.to_builtins(told.destinations[0]),
            "requestStatus": "PROCESSING" if self.processing else _outcome(failed, len(told.events)),
            "eventsIngestionStatus": {"recordCount": str(len(told.events))},
        }
        if failed and not self.processing:
            counts = [{"recordCount": str(failed), "reason": "PROCESSING_ERROR_REASON_INVALID_CLICK"}]
            status["errorInfo"] = {"errorCounts": counts}
        return JSONResponse({"requestStatusPerDestination": [status]})


def _outcome(failed: int, told: int) -> str:
    if not failed:
        return "SUCCESS"
    return "FAILED" if failed == told else "PARTIAL_SUCCESS"


def _refused(status: int, name: str, message: str, wrong: Mapping[str, str] | None = None) -> Response:
    details: list[dict[str, object]] = [
        {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": name, "domain": "datamanager.googleapis.com"}
    ]
    if wrong:
        violations = [{"field": _snake(path), "description": why, "reason": why} for path, why in wrong.items()]
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
    return JSONResponse({"error": {"code": status, "message": message, "status": name, "details": details}}, status)


def _snake(path: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: f"_{found[1].lower()}", path)
