"""HTTP for providers: POST /webhooks/{provider}/{account}. Checks, stores, answers; never acts itself (RULE 28)."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.payments.handlers.webhook_desk import WebhookDesk
from services.payments.ports import WebhookFlaw
from services.runtime.http_server import read_body

BODY_LIMIT_BYTES = 64 * 1024

_MESSAGES = {
    WebhookFlaw.UNSIGNED: "the signature header is missing",
    WebhookFlaw.MALFORMED_SIGNATURE: "the signature header must be t=<unix seconds>,v1=<hex>",
    WebhookFlaw.WRONG_SIGNATURE: "no signature in the header fits the body",
    WebhookFlaw.STALE: "the signature's time must be within 300 seconds of now",
    WebhookFlaw.MALFORMED_BODY: "the body is no event of this provider",
}


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def webhook_app(desk: WebhookDesk) -> Starlette:
    """The application behind the payments service's HTTP port."""

    async def receive(request: Request) -> Response:
        named = request.path_params
        # Without an account: the deployment's own, which has the provider's name.
        provider = await desk.knows(named["provider"], named.get("account", named["provider"]))
        if provider is None:
            return _error(404, "provider_unknown", "no such provider")
        body = await read_body(request, BODY_LIMIT_BYTES)
        if body is None:
            desk.refuse()
            return _error(413, "body_too_large", f"a webhook has at most {BODY_LIMIT_BYTES} bytes")
        flaw = await desk.receive(provider, named.get("channel", ""), request.headers, body)
        if flaw is not None:
            return _error(400, flaw.value, _MESSAGES[flaw])
        return JSONResponse({"received": True})

    async def healthy(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    return Starlette(
        routes=[
            Route("/webhooks/{provider}", receive, methods=["POST"]),
            Route("/webhooks/{provider}/{account}", receive, methods=["POST"]),
            Route("/webhooks/{provider}/{account}/{channel}", receive, methods=["POST"]),
            Route("/health", healthy, methods=["GET"]),
        ]
    )
