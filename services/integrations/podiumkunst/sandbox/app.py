"""The platform's API over HTTP, and under /double what tests and the demo do to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.integrations.podiumkunst.sandbox.books import Books
from services.integrations.podiumkunst.sandbox.books import Request as Line
from services.integrations.podiumkunst.sandbox.levers import Levers
from services.integrations.podiumkunst.sandbox.sales import sales_of
from services.integrations.podiumkunst.sandbox.wire import BlockedTold, CapacityTold, ReservationsTold, TicketsTold
from services.runtime.clock import Clock
from services.runtime.http_server import HttpServer, read_body
from services.runtime.ids import Ids

_GRACE_SECONDS = 1.0
_BODY_LIMIT_BYTES = 64 * 1024
_SILENCE_POLL_SECONDS = 0.02
_TOKEN_FIELDS = {"client_id", "client_secret", "grant_type"}

Take = Callable[[str, Request, bytes], Response]


@dataclass(frozen=True, slots=True)
class DipPlan:
    """What the double is started with; see DipSettings."""

    host: str = "127.0.0.1"
    port: int = 0
    data_path: str = ""
    token_seconds: float = 3_600.0
    blocked_seats_path: str = "/blockedseats/cumulative"


def refused(error: str, description: str, status: int = 400) -> Response:
    """The platform's one shape of a refusal."""
    return told({"error": error, "error_description": description}, status)


def told(value: object, status: int = 200) -> Response:
    """JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


class DipDouble:
    """Running between start() and stop(); `port` is known after start()."""

    def __init__(self, plan: DipPlan, *, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._host = plan.host
        self.books = Books(plan.data_path, plan.token_seconds, ids)
        put = ["PUT"]
        api = [
            Route("/theaters/performances", self._guarded(self._performances), methods=["GET"]),
            Route("/productions/{production}/sales", self._guarded(self._sales), methods=["GET"]),
            Route("/tickets/cumulative", self._guarded(self._tickets), methods=put),
            Route("/reservations/cumulative", self._guarded(self._reservations), methods=put),
            Route(plan.blocked_seats_path, self._guarded(self._blocked), methods=put),
            Route(
                "/productions/{production}/performances/{number}/capacity", self._guarded(self._capacity), methods=put
            ),
        ]
        own = [Route("/health", _healthy, methods=["GET"]), Route("/token", self._token, methods=["POST"])]
        app = Starlette(
            routes=[*own, *api, *Levers(self.books).routes()],
            exception_handlers={404: _no_such_address, 405: _no_such_address},
        )
        self._http = HttpServer(app, host=plan.host, port=plan.port, grace_seconds=_GRACE_SECONDS)
        self._stopping = False

    @property
    def port(self) -> int:
        """The HTTP port."""
        return self._http.port

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self._host}:{self.port}"

    async def start(self) -> None:
        """Serves."""
        await self._http.start()

    async def stop(self) -> None:
        """Ends; whoever waits for an answer gets none."""
        self._stopping = True
        await self._http.stop()

    async def _token(self, request: Request) -> Response:
        body = await read_body(request, _BODY_LIMIT_BYTES)
        kind = request.headers.get("content-type", "").partition(";")[0]
        form = dict(parse_qsl((body or b"").decode(errors="replace"), keep_blank_values=True))
        client_id = form.get("client_id", "")
        how = self.books.misbehaviour(client_id, request.url.path)
        answer = await self._misbehaved(how, request, client_id)
        if answer is None:
            account = self.books.accounts.get(client_id)
            if kind != "application/x-www-form-urlencoded" or not form.keys() <= _TOKEN_FIELDS:
                answer = refused("invalid_request", "a form with client_id and client_secret is wanted")
            elif account is None or account.client_secret != form.get("client_secret"):
                answer = refused("invalid_client", "client_id or client_secret is wrong")
            else:
                token, seconds = self.books.issue(client_id, self._clock.now_ms())
                answer = told({"access_token": token, "token_type": "Bearer", "expires_in": seconds})
        self._log(request, client_id, b"", answer)
        return answer

    def _guarded(self, take: Take) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            body = await read_body(request, _BODY_LIMIT_BYTES)
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            client_id = self.books.bearer(token)
            if not self.books.is_good(token, self._clock.now_ms()):
                answer = refused("invalid_token", "no token, or it is over", 401)
            elif body is None:
                answer = refused("too_large", f"at most {_BODY_LIMIT_BYTES} bytes", 413)
            else:
                how = self.books.misbehaviour(client_id, request.url.path)
                answer = await self._misbehaved(how, request, client_id) or take(client_id, request, body)
                if how == "kept_then_500":
                    answer = refused("server_error", "something went wrong", 500)
            self._log(request, client_id, body or b"", answer)
            return answer

        return guarded

    async def _misbehaved(self, how: str, request: Request, client_id: str) -> Response | None:
        match how:
            case "500":
                return refused("server_error", "something went wrong", 500)
            case "429":
                answer = refused("too_many", "slow down", 429)
                answer.headers["Retry-After"] = "1"
                return answer
            case "html":
                return Response("<html><body><h1>Onderhoud</h1></body></html>", media_type="text/html")
            case "wrong_json":
                return Response(b'{"performances": [{"id": 7}', media_type="application/json")
            case "error_in_200":
                return refused("internal", "the figures could not be stored", 200)
            case "token_refused":
                self.books.forget_tokens(client_id)
                return refused("invalid_client", "this account was withdrawn", 401)
            case "silence":
                await self._silence(request, client_id)
                return refused("timeout", "too late", 504)
            case _:
                return None

    async def _silence(self, request: Request, client_id: str) -> None:
        """Until the caller gives up, the account is told to behave again, or the double stops."""
        while not self._stopping and not await request.is_disconnected():
            planned = self.books.misbehaving.get(client_id)
            if planned is None or planned.how != "silence":
                return
            await self._clock.sleep(_SILENCE_POLL_SECONDS)

    def _log(self, request: Request, client_id: str, body: bytes, answer: Response) -> None:
        text = body.decode(errors="replace")
        line = Line(self._clock.now_ms(), client_id, request.method, request.url.path, text, answer.status_code)
        self.books.requests.append(line)

    def _performances(self, client_id: str, request: Request, body: bytes) -> Response:
        return told(list(self.books.accounts[client_id].performances.values()))

    def _sales(self, client_id: str, request: Request, body: bytes) -> Response:
        production = request.path_params["production"]
        theaters = sales_of(self.books.accounts.values(), production)
        if not theaters:
            return refused("no_sales_history", f"production {production} has no sales history")
        return told(theaters)

    def _tickets(self, client_id: str, request: Request, body: bytes) -> Response:
        return self._figures(client_id, request, body, TicketsTold, "tickets")

    def _reservations(self, client_id: str, request: Request, body: bytes) -> Response:
        return self._figures(client_id, request, body, ReservationsTold, "reservations")

    def _blocked(self, client_id: str, request: Request, body: bytes) -> Response:
        return self._figures(client_id, request, body, BlockedTold, "blocked")

    def _capacity(self, client_id: str, request: Request, body: bytes) -> Response:
        return self._figures(client_id, request, body, CapacityTold, "capacity")

    def _figures(
        self, client_id: str, request: Request, body: bytes, kind: type[msgspec.Struct], part: str
    ) -> Response:
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return refused("invalid_request", "application/json is wanted")
        try:
            figures = msgspec.to_builtins(msgspec.json.decode(body, type=kind))
        except msgspec.MsgspecError as problem:
            return refused("invalid_request", str(problem))
        where = figures if part != "capacity" else request.path_params
        number = f"{where['production']}|{where['number']}"
        if number not in self.books.accounts[client_id].performances:
            return refused("unknown_performance", f"{number} is not a performance of yours")
        kept = self.books.told(client_id, number)
        setattr(kept, part, {key: value for key, value in figures.items() if key not in {"production", "number"}})
        kept.updated_ms = self._clock.now_ms()
        self.books.save()
        return told({})


async def _no_such_address(_request: Request, _problem: Exception) -> Response:
    return refused("not_found", "there is nothing at this address", 404)


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok\n")
