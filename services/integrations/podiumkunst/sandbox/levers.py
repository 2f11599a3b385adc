"""What tests and the demo do to the pretended platform: accounts, performances, misbehaviour, and its own record."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.integrations.podiumkunst.sandbox.books import Account, Books
from services.integrations.podiumkunst.sandbox.wire import ClientWanted, Misbehaviour, Performance
from services.runtime.http_server import read_body

_BODY_LIMIT_BYTES = 16 * 1024 * 1024


class Levers:
    """Routes under /double; no authentication, they are no part of the platform."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/double/clients", self.add_client, methods=["POST"]),
            Route("/double/clients/{client_id}/performances", self.add_performances, methods=["POST"]),
            Route("/double/clients/{client_id}/misbehave", self.misbehave, methods=["POST"]),
            Route("/double/clients/{client_id}/told", self.told, methods=["GET"]),
            Route("/double/requests", self.requests, methods=["GET"]),
        ]

    async def add_client(self, request: Request) -> Response:
        """An account, or a new secret for one: old tokens of it end."""
        body = await read_body(request, _BODY_LIMIT_BYTES)
        try:
            wanted = msgspec.json.decode(body or b"", type=ClientWanted)
        except msgspec.MsgspecError as problem:
            return _json({"error": str(problem)}, 400)
        account = self._books.accounts.setdefault(wanted.client_id, Account(wanted.client_secret))
        if account.client_secret != wanted.client_secret:
            account.client_secret = wanted.client_secret
            self._books.forget_tokens(wanted.client_id)
        self._books.save()
        return _json({}, 200)

    async def add_performances(self, request: Request) -> Response:
        """A list of them; one whose id is known is replaced (another date, cancelled)."""
        account = self._books.accounts.get(request.path_params["client_id"])
        body = await read_body(request, _BODY_LIMIT_BYTES)
        if account is None:
            return _json({"error": "no such client"}, 404)
        try:
            performances = msgspec.json.decode(body or b"", type=list[Performance])
        except msgspec.MsgspecError as problem:
            return _json({"error": str(problem)}, 400)
        account.performances |= {performance.whole_number: performance for performance in performances}
        self._books.save()
        return _json({"performances": len(account.performances)}, 200)

    async def misbehave(self, request: Request) -> Response:
        """From now on, for this account only; `how` '' behaves again."""
        body = await read_body(request, _BODY_LIMIT_BYTES)
        try:
            wanted = msgspec.json.decode(body or b"", type=Misbehaviour)
        except msgspec.MsgspecError as problem:
            return _json({"error": str(problem)}, 400)
        self._books.misbehaving[request.path_params["client_id"]] = wanted
        if wanted.how == "token_refused":
            self._books.forget_tokens(request.path_params["client_id"])
        return _json({}, 200)

    async def told(self, request: Request) -> Response:
        """What the account last told, by number."""
        account = self._books.accounts.get(request.path_params["client_id"])
        return _json({} if account is None else account.told, 200)

    async def requests(self, request: Request) -> Response:
        """The log, oldest first; ?client_id= and ?path= narrow it."""
        wanted, begin = request.query_params.get("client_id", ""), request.query_params.get("path", "/")
        lines = [
            line
            for line in self._books.requests
            if line.path.startswith(begin) and (not wanted or line.client_id == wanted)
        ]
        return _json(lines, 200)


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
