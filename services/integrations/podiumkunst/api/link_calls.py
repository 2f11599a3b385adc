"""balcon.podiumkunst.v1.PodiumkunstLinksService: the linking screen, and links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from balcon.podiumkunst.v1 import links_service_pb2 as pb

from services.contracts.bounds import MAX_PAGE_SIZE, MAX_REASON_CHARS
from services.contracts.house_time import calendar_day
from services.contracts.pages import asked_page
from services.contracts.texts import refused_text
from services.integrations.podiumkunst.api.connection_messages import look_message
from services.integrations.podiumkunst.api.link_messages import (
    filter_of,
    link_message,
    own_message,
    refused_day,
    refused_filter,
    refused_number,
    refused_search,
    unlinked_message,
)
from services.integrations.podiumkunst.handlers.link_lists import Candidates, LinkListHandler
from services.integrations.podiumkunst.handlers.linking import LinkingHandler, Pair
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context

MAX_CODE_CHARS = 32


class LinkCalls:
    """Stateless; everything lives in the handlers."""

    _link_lists: LinkListHandler
    _linking: LinkingHandler

    async def CountUnlinked(self, request: pb.CountUnlinkedRequest, context: Context) -> pb.CountUnlinkedResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), *refused_filter(request.which))
        counted = answered(await self._link_lists.count(request.house_id, filter_of(request.which)))
        look = None if counted.look is None else look_message(counted.look)
        return pb.CountUnlinkedResponse(unlinked=counted.unlinked, linked=counted.linked, look=look)

    async def ListUnlinked(self, request: pb.ListUnlinkedRequest, context: Context) -> pb.ListUnlinkedResponse:  # noqa: N802
        least = request.least_certainty
        asked = answered(
            asked_page(
                request.page_size,
                request.page_token,
                request.house_id,
                refused_key("house_id", request.house_id),
                *refused_filter(request.which),
                FieldInvalid("least_certainty", f"is {least}", "0 to 100") if least > 100 else None,
            )
        )
        page = answered(await self._link_lists.unlinked(request.house_id, filter_of(request.which), asked, least))
        lines = [unlinked_message(one, page.zone) for one in page.lines]
        return pb.ListUnlinkedResponse(lines=lines, next_page_token=page.next_page_token)

    async def ListCandidates(self, request: pb.ListCandidatesRequest, context: Context) -> pb.ListCandidatesResponse:  # noqa: N802
        asked = answered(
            asked_page(
                request.page_size,
                request.page_token,
                request.house_id,
                refused_key("house_id", request.house_id),
                refused_search("text", request.text),
                refused_day("from_date", request.from_date),
                refused_day("until_date", request.until_date),
            )
        )
        wanted = Candidates(
            request.text, calendar_day(request.from_date), calendar_day(request.until_date), request.with_linked
        )
        page = answered(await self._link_lists.candidates(request.house_id, wanted, asked))
        performances = [own_message(show, page.zone, number) for show, number in page.shows]
        return pb.ListCandidatesResponse(performances=performances, next_page_token=page.next_page_token)

    async def AcceptLink(self, request: pb.AcceptLinkRequest, context: Context) -> pb.AcceptLinkResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_number("number", request.number),
            _refused_pick(request),
        )
        pair = Pair(request.number, request.performance_id, request.code)
        accepted = answered(await self._linking.accept(request.house_id, [pair]))
        for _, refusal in accepted.refused:
            raise Refused(refusal)
        [link] = accepted.links
        return pb.AcceptLinkResponse(link=link_message(link, accepted.zone), unlinked=accepted.unlinked)

    async def AcceptLinks(self, request: pb.AcceptLinksRequest, context: Context) -> pb.AcceptLinksResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), *_refused_pairs(request.pairs))
        pairs = [Pair(one.number, one.performance_id) for one in request.pairs]
        accepted = answered(await self._linking.accept(request.house_id, pairs))
        return pb.AcceptLinksResponse(
            links=[link_message(one, accepted.zone) for one in accepted.links],
            refused=[
                pb.RefusedPair(
                    number=pair.number,
                    performance_id=pair.performance_id,
                    reason=refusal.reason(),
                    message=refusal.message(),
                )
                for pair, refusal in accepted.refused
            ],
            unlinked=accepted.unlinked,
        )

    async def Unlink(self, request: pb.UnlinkRequest, context: Context) -> pb.UnlinkResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_number("number", request.number),
            refused_text("reason", request.reason, at_least=0, at_most=MAX_REASON_CHARS),
        )
        unlinked = answered(await self._linking.unlink(request.house_id, request.number, request.reason))
        return pb.UnlinkResponse(unlinked=unlinked)

    async def ListLinks(self, request: pb.ListLinksRequest, context: Context) -> pb.ListLinksResponse:  # noqa: N802
        house_id = request.house_id
        asked = answered(asked_page(request.page_size, request.page_token, house_id, refused_key("house_id", house_id)))
        page = answered(await self._link_lists.links(house_id, asked, only_odd=request.only_odd))
        links = [link_message(one, page.zone) for one in page.lines]
        return pb.ListLinksResponse(links=links, next_page_token=page.next_page_token)


def _refused_pick(request: pb.AcceptLinkRequest) -> FieldInvalid | None:
    match request.WhichOneof("picked"):
        case "code":
            return refused_text("code", request.code, at_most=MAX_CODE_CHARS)
        case "performance_id":
            return refused_key("performance_id", request.performance_id)
        case _:
            return FieldInvalid("picked", UNSET, "code: the performance's own code, or performance_id")


def _refused_pairs(pairs: Sequence[pb.LinkPair]) -> Iterator[FieldInvalid | None]:
    if not 1 <= len(pairs) <= MAX_PAGE_SIZE:
        yield FieldInvalid("pairs", f"has {len(pairs)}" if pairs else UNSET, f"1 to {MAX_PAGE_SIZE}")
        return
    seen: dict[str, set[str]] = {"number": set(), "performance_id": set()}
    for place, pair in enumerate(pairs):
        yield refused_number(f"pairs[{place}].number", pair.number)
        yield refused_key(f"pairs[{place}].performance_id", pair.performance_id)
        for name, values in seen.items():
            value = getattr(pair, name)
            if value and value in values:
                yield FieldInvalid(f"pairs[{place}].{name}", f"{value} is there twice", "each once")
            values.add(value)
