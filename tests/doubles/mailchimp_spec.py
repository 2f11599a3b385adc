"""MailChimp's own definition (tests/data/mailchimp/marketing.json, by tools/mailchimp_spec.py) as a judge of requests.

It also answers by itself: a mock that knows nothing but the definition, and takes what the definition takes.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.doubles.company import Asked

_SPEC = Path(__file__).parents[1] / "data/mailchimp/marketing.json"


@cache
def definition() -> OpenAPI:
    """Read once."""
    return OpenAPI.from_dict(json.loads(_SPEC.read_text()))


class _Request:
    """A request as openapi-core looks at one."""

    def __init__(self, asked: Asked) -> None:
        self.host_url = "http://mailchimp.example"
        self.path = asked.path
        self.method = asked.method.lower()
        self.body = asked.body or None
        self.content_type = asked.headers.get("content-type", "").partition(";")[0]
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(asked.query)),
            header=Headers(dict(asked.headers)),
            cookie=ImmutableMultiDict(),
        )


class _Answer:
    """An answer as openapi-core looks at one."""

    def __init__(self, status: int, body: bytes, content_type: str) -> None:
        self.data = body
        self.status_code = status
        # A problem document is JSON too.
        self.content_type = content_type.replace("problem+", "")
        self.headers = Headers({"content-type": self.content_type})


def refused_request(asked: Asked) -> str:
    """What the definition has against a request; '' nothing."""
    try:
        definition().validate_request(_Request(asked))
    except OpenAPIError as error:
        return f"{type(error).__name__}: {error} {getattr(error, '__cause__', '')}"[:600]
    return ""


def refused_answer(asked: Asked, status: int, body: bytes, content_type: str) -> str:
    """What the definition has against an answer of the double."""
    try:
        definition().validate_response(_Request(asked), _Answer(status, body, content_type))
    except OpenAPIError as error:
        return f"{type(error).__name__}: {error} {getattr(error, '__cause__', '')}"[:600]
    return ""


def made_up(schema: dict[str, Any]) -> Any:
    """A value that a schema takes: every field that it names, each as small as it may be."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        names = {*schema.get("required", ()), *schema.get("properties", {})}
        return {name: made_up(schema.get("properties", {}).get(name, {"type": "string"})) for name in sorted(names)}
    if kind == "array":
        return [made_up(schema.get("items", {}))]
    if schema.get("format") == "date-time":
        return "2026-01-01T00:00:00+00:00"
    return {"string": "x", "integer": 1, "number": 1.0, "boolean": True}[kind]
