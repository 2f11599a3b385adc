"""Puts the sandbox together and serves it: API, pay page, webhooks. Tests start it inside their own loop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.payments.sandbox.acquirer import Acquirer
from services.payments.sandbox.chaos import Chaos
from services.payments.sandbox.couriers import Couriers
from services.payments.sandbox.ledger import Ledger
from services.payments.sandbox.pay_page import PayPage
from services.payments.sandbox.rest import RestApi
from services.runtime.clock import Clock
from services.runtime.http_server import HttpServer
from services.runtime.ids import Ids

_GRACE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SandboxPlan:
    """What a sandbox is started with; see SandboxSettings."""

    data_path: str
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    pay_late_seconds: float = 8.0
    stall_seconds: float = 6.0
    seed: int = 0
    chaos: float = 0.0


async def _no_such_address(_request: Request, _problem: Exception) -> Response:
    return JSONResponse({"error": {"code": "not_found", "message": "there is nothing at this address"}}, 404)


async def _healthy(_request: Request) -> Response:
    return PlainTextResponse("ok\n")


class Sandbox:
    """A running sandbox between start() and stop(); `port` is known after start()."""

    def __init__(self, plan: SandboxPlan, *, clock: Clock, ids: Ids) -> None:
        self._plan = plan
        self._ledger = Ledger(plan.data_path)
        acquirer = Acquirer(
            self._ledger,
            clock=clock,
            ids=ids,
            pay_late_seconds=plan.pay_late_seconds,
            stall_seconds=plan.stall_seconds,
            webhooks=bool(plan.webhook_url),
        )
        chaos = Chaos(plan.chaos, seed=plan.seed, clock=clock, stall_seconds=plan.stall_seconds)
        self._couriers = Couriers(
            self._ledger,
            acquirer,
            clock=clock,
            webhook_url=plan.webhook_url,
            secret=plan.webhook_secret,
            seed=plan.seed,
            chaos=chaos,
        )
        rest = RestApi(
            self._ledger,
            acquirer,
            clock=clock,
            stall_seconds=plan.stall_seconds,
            pay_url=self._pay_url,
            on_change=self._couriers.wake,
        )
        page = PayPage(self._ledger, acquirer, on_change=self._couriers.wake)
        health = Route("/health", _healthy, methods=["GET"])
        app = Starlette(routes=[health, *rest.routes(), *page.routes()], exception_handlers={404: _no_such_address})
        self._http = HttpServer(chaos.around(app), host=plan.host, port=plan.port, grace_seconds=_GRACE_SECONDS)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """The HTTP port."""
        return self._http.port

    @property
    def url(self) -> str:
        """Where payments reaches it."""
        return f"http://{self._plan.host}:{self.port}"

    @property
    def open_deliveries(self) -> int:
        """Webhooks that nobody has taken yet."""
        return self._ledger.open_deliveries()

    def _pay_url(self, payment_id: str) -> str:
        public = self._plan.public_url or self.url.replace("//0.0.0.0:", "//127.0.0.1:")
        return f"{public.rstrip('/')}/pay/{payment_id}"

    async def start(self) -> None:
        """Serves and delivers."""
        await self._http.start()
        self._task = asyncio.create_task(self._couriers.run(), name="couriers")

    async def stop(self) -> None:
        """Ends at once; what is not delivered is delivered after the next start."""
        await self._http.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._ledger.close()
