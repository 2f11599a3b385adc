"""HTTP for MailChimp: /{house}/{secret}. Sized, checked, kept, answered; what it means is found out after that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.integrations.mailchimp.domain.instants import second_of
from services.integrations.mailchimp.domain.news import News, NewsKind
from services.integrations.mailchimp.domain.profile import subscriber_of
from services.integrations.mailchimp.handlers.hearing import Hearing
from services.runtime.clock import Clock
from services.runtime.http_server import read_body
from services.runtime.ids import refused_key

BODY_LIMIT_BYTES: Final = 64 * 1024
_MAX_FIELDS: Final = 400
_KINDS = {kind.value: kind for kind in NewsKind}


def webhook_app(hearing: Hearing, clock: Clock) -> Starlette:
    """The application behind the service's HTTP port."""

    async def checked(request: Request) -> Response:
        """MailChimp asks whether somebody is there before it takes the address: who knows it is told so."""
        return PlainTextResponse("") if await _lists(request, hearing) else _unknown()

    async def receive(request: Request) -> Response:
        lists = await _lists(request, hearing)
        if not lists:
            return _unknown()
        body = await read_body(request, BODY_LIMIT_BYTES)
        if body is None:
            return PlainTextResponse(f"at most {BODY_LIMIT_BYTES} bytes", 413)
        news = news_of(body, clock.now_ms())
        if news is None:
            return PlainTextResponse("no change of a member", 400)
        if news.list_id not in lists:
            # Of another audience than the one whose address this is.
            return _unknown()
        await hearing.keep(request.path_params["house_id"], news)
        return PlainTextResponse("")

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(
        routes=[
            Route("/health", healthy, methods=["GET"]),
            Route("/{house_id}/{secret}", checked, methods=["GET", "HEAD"]),
            Route("/{house_id}/{secret}", receive, methods=["POST"]),
        ]
    )


async def _lists(request: Request, hearing: Hearing) -> frozenset[str]:
    house_id, secret = request.path_params["house_id"], request.path_params["secret"]
    if refused_key("house_id", house_id) or refused_key("secret", secret):
        return frozenset()
    return await hearing.knows(house_id, secret)


def _unknown() -> Response:
    return PlainTextResponse("no such address", 404)


def news_of(body: bytes, now_ms: int) -> News | None:
    """What a form tells, None for what tells of no member. No address is kept: what MailChimp makes of it is enough."""
    try:
        fields = dict(parse_qsl(body.decode(), max_num_fields=_MAX_FIELDS))
    except (UnicodeDecodeError, ValueError):
        return None
    kind, list_id = _KINDS.get(fields.get("type", "")), fields.get("data[list_id]", "")
    email = fields.get("data[old_email]" if kind is NewsKind.UPEMAIL else "data[email]", "")
    became = fields.get("data[new_email]", "") if kind is NewsKind.UPEMAIL else ""
    if kind is None or not list_id or not email or (kind is NewsKind.UPEMAIL and not became):
        return None
    said_at_ms = min(now_ms, second_of(fields.get("fired_at"), now_ms))
    return News(
        list_id=list_id,
        kind=kind,
        subscriber=subscriber_of(email),
        said_at_ms=said_at_ms,
        digest=_digest(fields),
        became=subscriber_of(became) if became else "",
        is_removal=fields.get("data[action]") in {"delete", "archive"},
    )


def _digest(fields: Mapping[str, str]) -> str:
    """The same for the same news, in whatever order its fields come."""
    return hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()
