"""The demo's national platform: pretended, with this one performance on it; linked, told the sale, and its ledger read.

Everything but the platform itself is the real thing: the exporter of the stack speaks to it over HTTP.
"""

from __future__ import annotations

from typing import Final

import grpc
import httpx
import msgspec
from balcon.outbound.v1 import outbound_service_pb2 as outbound
from balcon.outbound.v1.outbound_service_pb2_grpc import OutboundServiceStub
from balcon.podiumkunst.v1 import connection_pb2 as connections
from balcon.podiumkunst.v1 import figures_pb2 as figures
from balcon.podiumkunst.v1 import links_pb2 as links
from balcon.podiumkunst.v1.figures_service_pb2_grpc import PodiumkunstFiguresServiceStub
from balcon.podiumkunst.v1.links_service_pb2_grpc import PodiumkunstLinksServiceStub
from google.protobuf.field_mask_pb2 import FieldMask
from rich.table import Table

from services.console.sale.demo_house import CURRENCY, DEMO_TITLE, DEMO_ZONE, DemoHouse, OnSale
from services.contracts.house_time import local_of
from services.contracts.money import decimal_text
from services.runtime.clock import Clock

_CALL_SECONDS: Final = 60.0
# The platform is told within moments; a machine that is busy gets this long.
_PATIENCE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.25
_THEATRE: Final = "demo-theatre"
_MOST_LINES: Final = 12


class LedgerLine(msgspec.Struct, frozen=True):
    """One exchange with the platform, as the house's ledger has it."""

    asked: str
    status: int
    outcome: str
    payload_hash: str


class PlatformFigures(msgspec.Struct, frozen=True):
    """What the platform has of the sale, by its own number of it, and how it came to know."""

    number: str
    tickets: int
    revenue: str
    reserved: int
    blocked: int
    # That the platform's own books say what the house's ledger says.
    agrees: bool
    ledger: list[LedgerLine]


class DemoPlatform:
    """One house's account with the platform. `url`: of the pretended one."""

    def __init__(self, podiumkunst: grpc.aio.Channel, url: str, house: DemoHouse, clock: Clock) -> None:
        self._links = PodiumkunstLinksServiceStub(podiumkunst)
        self._figures = PodiumkunstFiguresServiceStub(podiumkunst)
        self._outbound = OutboundServiceStub(podiumkunst)
        self._url = url
        self._house = house
        self._clock = clock
        self._number = ""

    async def report(self, on_sale: OnSale) -> PlatformFigures:
        """Links the performance the first time; then what the platform was told last, once it answered for it."""
        return await self._house.as_owner(self._report(on_sale))

    async def _report(self, on_sale: OnSale) -> PlatformFigures:
        if not self._number:
            await self._announce(on_sale)
            self._number = await self._link(on_sale)
        await self._figures.PushNow(figures.PushNowRequest(house_id=on_sale.house_id), timeout=_CALL_SECONDS)
        pushed = await self._answered(on_sale)
        told = {part.part: dict(part.told) for part in pushed.parts}
        tickets = told.get(figures.FIGURE_PART_TICKETS, {})
        money = [each.recette for each in tickets.values()]
        return PlatformFigures(
            number=self._number,
            tickets=sum(each.count for each in tickets.values()),
            revenue=_in_words(sum(each.amount_minor for each in money), CURRENCY),
            reserved=sum(each.count for each in told.get(figures.FIGURE_PART_RESERVATIONS, {}).values()),
            blocked=sum(each.count for each in told.get(figures.FIGURE_PART_BLOCKED, {}).values()),
            agrees=await self._agrees(on_sale.house_id, {kind: each.count for kind, each in tickets.items()}),
            ledger=await self._ledger(on_sale.house_id),
        )

    async def _announce(self, on_sale: OnSale) -> None:
        """What the one who brings the show would have entered at the platform."""
        starts = local_of(DEMO_ZONE, on_sale.performance.starts_at.ToMilliseconds())
        performance = {
            "production": {"id": "NL-27-001-0000001", "name": DEMO_TITLE, "performer": "Everybody"},
            # Nobody may count with it: of each demo its own.
            "number": on_sale.performance.performance_id.rpartition("_")[2],
            "date": f"{starts:%Y-%m-%dT%H:%M:%S}",
            "theater": {"id": _THEATRE, "name": "Balcon's demo house", "province": {"id": "16", "name": "Thüringen"}},
            "season": "",
            "amount_rank1": len(on_sale.plan.seats),
        }
        account = {"client_id": on_sale.house_id, "client_secret": self._secret(on_sale)}
        async with httpx.AsyncClient(base_url=self._url, timeout=_CALL_SECONDS, trust_env=False) as client:
            for path, content in (
                ("/double/clients", account),
                (f"/double/clients/{on_sale.house_id}/performances", [performance]),
            ):
                (await client.post(path, json=content)).raise_for_status()

    def _secret(self, on_sale: OnSale) -> str:
        return f"of {on_sale.house_id} at a platform that is pretended"

    async def _link(self, on_sale: OnSale) -> str:
        """As staff do it: the account, the list, and the suggestion accepted; the platform's number."""
        house_id = on_sale.house_id
        known = await self._links.GetConnection(
            connections.GetConnectionRequest(house_id=house_id), timeout=_CALL_SECONDS
        )
        wanted = connections.Connection(
            client_id=house_id, client_secret=self._secret(on_sale), theatre_ids=[_THEATRE], is_on=True
        )
        mask = FieldMask(paths=["client_id", "client_secret", "theatre_ids", "is_on"])
        await self._links.SetConnection(
            connections.SetConnectionRequest(
                house_id=house_id, connection=wanted, update_mask=mask, etag=known.connection.etag
            ),
            timeout=_CALL_SECONDS,
        )
        await self._links.FetchList(connections.FetchListRequest(house_id=house_id), timeout=_CALL_SECONDS)
        number = await self._suggested(on_sale)
        accept = links.AcceptLinkRequest(
            house_id=house_id, number=number, performance_id=on_sale.performance.performance_id
        )
        await self._links.AcceptLink(accept, timeout=_CALL_SECONDS)
        return number

    async def _suggested(self, on_sale: OnSale) -> str:
        """The platform's performance that is suggested for ours."""
        asked = links.ListUnlinkedRequest(house_id=on_sale.house_id, page_size=100)
        listed = await self._links.ListUnlinked(asked, timeout=_CALL_SECONDS)
        for line in listed.lines:
            if any(
                each.performance.performance_id == on_sale.performance.performance_id and each.is_clear
                for each in line.suggestions
            ):
                return line.performance.number
        message = "nothing on the platform's list is suggested for the performance"
        raise AssertionError(message)

    async def _answered(self, on_sale: OnSale) -> figures.NumberPushes:
        """The latest figures, once the platform has answered for all of them; as they stand when patience ends."""
        deadline = self._clock.monotonic() + _PATIENCE_SECONDS
        asked = figures.ListPushesRequest(house_id=on_sale.house_id, performance_id=on_sale.performance.performance_id)
        while True:
            pushes = await self._figures.ListPushes(asked, timeout=_CALL_SECONDS)
            mine = next((each for each in pushes.numbers if each.number == self._number), figures.NumberPushes())
            is_whole = mine.parts and all(part.HasField("told_at") and not part.differs_from_now for part in mine.parts)
            if is_whole or self._clock.monotonic() > deadline:
                return mine
            await self._clock.sleep(_POLL_SECONDS)

    async def _agrees(self, client_id: str, told: dict[str, int]) -> bool:
        """Whether the platform's own books have the same tickets of each kind."""
        async with httpx.AsyncClient(base_url=self._url, timeout=_CALL_SECONDS, trust_env=False) as client:
            books = (await client.get(f"/double/clients/{client_id}/told")).json()
        kept = (books.get(self._number) or {}).get("tickets") or {}
        return {each["kind"]: each["amount"] for each in kept.get("tickets", [])} == told

    async def _ledger(self, house_id: str) -> list[LedgerLine]:
        asked = outbound.ListExchangesRequest(house_id=house_id, page_size=_MOST_LINES)
        listed = await self._outbound.ListExchanges(asked, timeout=_CALL_SECONDS)
        return [LedgerLine(each.asked, each.status, each.outcome, each.payload_hash) for each in listed.exchanges]


def platform_table(told: PlatformFigures) -> Table:
    """The ledger of the sale, the newest first."""
    table = Table(title=f"what Podiumkunst was told of {told.number}")
    for heading in ("asked", "answer", "outcome", "sha-256 of what was sent"):
        table.add_column(heading)
    for line in told.ledger:
        table.add_row(line.asked, str(line.status), line.outcome, line.payload_hash[:16])
    return table


def _in_words(amount_minor: int, currency: str) -> str:
    return f"{decimal_text(amount_minor, currency)} {currency}"
