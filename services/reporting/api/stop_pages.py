"""HTTP for whoever reads a mailed report and wants no more: GET shows a button, POST does it (RFC 8058).

Nothing is done by GET: mail programs and scanners open every link.
"""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.reporting.handlers.schedules import ScheduleHandler
from services.reporting.handlers.stop_links import StopLinks
from services.runtime.errors import FieldInvalid
from services.runtime.http_server import read_body

_BODY_LIMIT_BYTES: Final = 4_096
_PAGE: Final = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="robots" content="noindex">'
    '<meta name="viewport" content="width=device-width"><title>Balcon</title></head><body>{content}</body></html>'
)
_ASK: Final = _PAGE.format(
    content='<form method="post"><button>Stop · Stoppen · Abbestellen · Stopp</button></form>',
)
_DONE: Final = _PAGE.format(content="<p>Stopped. · Gestopt. · Abbestellt. · Stoppet.</p>")
_UNKNOWN: Final = _PAGE.format(content="<p>This link is not in any mail of ours.</p>")
# Nobody frames the button, and the address, which stops it, is told to no other site.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def stop_app(links: StopLinks, schedules: ScheduleHandler) -> Starlette:
    """The application behind reporting's HTTP port."""

    async def ask(request: Request) -> Response:
        is_ours = not isinstance(links.read(request.path_params["token"]), FieldInvalid)
        return HTMLResponse(_ASK if is_ours else _UNKNOWN, 200 if is_ours else 404, _HEADERS)

    async def stop(request: Request) -> Response:
        link = links.read(request.path_params["token"])
        if isinstance(link, FieldInvalid):
            return HTMLResponse(_UNKNOWN, 404, _HEADERS)
        if await read_body(request, _BODY_LIMIT_BYTES) is None:
            return Response(status_code=413)
        await schedules.leave(link)
        return HTMLResponse(_DONE, headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/stop/{token}", ask, methods=["GET"]),
            Route("/stop/{token}", stop, methods=["POST"]),
        ]
    )
