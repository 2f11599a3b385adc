"""What a page does for its trackers, in order, as data (R3.12): consent mode first, nothing loads before it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, assert_never
from urllib.parse import quote

from services.integrations.trackers.domain.attachment import Show
from services.integrations.trackers.domain.consents import ConsentKind, Consents, may_load
from services.integrations.trackers.domain.reached import Call, Worth, calls_of
from services.integrations.trackers.domain.snippet_call import Json, Load, Say, SnippetCall
from services.integrations.trackers.domain.snippet_page import SnippetPage
from services.integrations.trackers.domain.steps import COMMERCE_EVENTS, Step
from services.integrations.trackers.domain.tracker import Tracker, TrackerKind

_GOOGLE: Final = "https://www.googletagmanager.com"
_META_SCRIPT: Final = "https://connect.facebook.net/en_US/fbevents.js"
_X_SCRIPT: Final = "https://static.ads-twitter.com/uwt.js"
_DENIED: Final[Mapping[str, Json]] = {kind.value: "denied" for kind in ConsentKind}


@dataclass(frozen=True, slots=True)
class Snippets:
    """What the page does, and what of it tells a tracker something."""

    does: tuple[SnippetCall, ...]
    tells: tuple[Call, ...]


def snippets_of(page: SnippetPage, trackers: Sequence[Tracker]) -> Snippets:
    """Nothing where no tracker is attached that hears of such a step; only consent mode where none may be loaded."""
    told = calls_of(page.reached, trackers)
    if not told:
        return Snippets((), ())
    loaded = tuple(call for call in told if may_load(call.tracker.kind, page.consents))
    does = [*_consent_mode(page.consents)]
    for kind in TrackerKind:
        if calls := [call for call in loaded if call.tracker.kind is kind]:
            does += _of_kind(kind, calls, page)
    return Snippets(tuple(does), loaded)


def _of_kind(kind: TrackerKind, calls: Sequence[Call], page: SnippetPage) -> Iterator[SnippetCall]:
    match kind:
        case TrackerKind.META_PIXEL:
            return _meta(calls, page)
        case TrackerKind.GOOGLE_ADS:
            return _google_ads(calls, page)
        case TrackerKind.GOOGLE_TAG_MANAGER:
            return _tag_manager(calls, page)
        case TrackerKind.X_PIXEL:
            return _x(calls, page)
        case _:
            assert_never(kind)


def _consent_mode(consents: Consents) -> Iterator[SnippetCall]:
    yield Say("gtag", ("consent", "default", dict(_DENIED)))
    if any(consents.of(kind).at_ms for kind in ConsentKind):
        chosen: dict[str, Json] = {
            kind.value: "granted" if consents.of(kind).granted else "denied" for kind in ConsentKind
        }
        yield Say("gtag", ("consent", "update", chosen))


def _meta(calls: Sequence[Call], page: SnippetPage) -> Iterator[SnippetCall]:
    yield Load(_META_SCRIPT, TrackerKind.META_PIXEL, _ids(calls))
    for call in calls:
        pixel = call.tracker.ids.account
        yield Say("fbq", ("init", pixel), TrackerKind.META_PIXEL, (call.tracker.tracker_id,))
        facts: dict[str, Json] = {
            "content_type": "product",
            "content_ids": [page.show.content_id],
            "content_name": page.show.title,
            **_money(page.reached.worth),
        }
        if page.quantity:
            facts["contents"] = [{"id": page.show.content_id, "quantity": page.quantity}]
            facts["num_items"] = page.quantity
        # trackSingle: with two pixels on a page `track` tells both, each time.
        arguments: tuple[Json, ...] = ("trackSingle", pixel, call.event_name, facts, {"eventID": call.event_id})
        yield _telling("fbq", arguments, [call])


def _google_ads(calls: Sequence[Call], page: SnippetPage) -> Iterator[SnippetCall]:
    kind, first = TrackerKind.GOOGLE_ADS, calls[0].tracker.ids.account
    yield Load(f"{_GOOGLE}/gtag/js?id={quote(first, safe='')}", kind, _ids(calls))
    yield Say("gtag", ("js",), kind, _ids(calls), adds_date=True)
    for account in dict.fromkeys(call.tracker.ids.account for call in calls):
        yield Say("gtag", ("config", account), kind, _ids(c for c in calls if c.tracker.ids.account == account))
    for call in calls:
        ids = call.tracker.ids
        label = ids.purchase_event if page.reached.step is Step.DONE else ids.start_event
        facts: dict[str, Json] = {
            "send_to": f"{ids.account}/{label}",
            **_money(page.reached.worth),
            "transaction_id": call.event_id,
        }
        yield _telling("gtag", ("event", "conversion", facts), [call])


def _tag_manager(calls: Sequence[Call], page: SnippetPage) -> Iterator[SnippetCall]:
    """Containers of a page read the same list: each is loaded, and the list is told once."""
    kind = TrackerKind.GOOGLE_TAG_MANAGER
    yield Say("dataLayer.push", ({"event": "gtm.js", "gtm.start": page.reached.at_ms},), kind, _ids(calls))
    for call in calls:
        source = f"{_GOOGLE}/gtm.js?id={quote(call.tracker.ids.account, safe='')}"
        yield Load(source, kind, (call.tracker.tracker_id,))
    # What an event before has left of itself is not this one's.
    yield Say("dataLayer.push", ({"ecommerce": None},), kind, _ids(calls))
    commerce: dict[str, Json] = {**_money(page.reached.worth), "items": _items(page)}
    if page.reached.step is Step.DONE:
        commerce = {"transaction_id": page.reached.order_id, **commerce}
    event: dict[str, Json] = {
        "event": COMMERCE_EVENTS[page.reached.step],
        "event_id": calls[0].event_id,
        "ecommerce": commerce,
    }
    yield _telling("dataLayer.push", (event,), calls)


def _x(calls: Sequence[Call], page: SnippetPage) -> Iterator[SnippetCall]:
    kind = TrackerKind.X_PIXEL
    yield Load(_X_SCRIPT, kind, _ids(calls))
    for account in dict.fromkeys(call.tracker.ids.account for call in calls):
        yield Say("twq", ("config", account), kind, _ids(c for c in calls if c.tracker.ids.account == account))
    for call in calls:
        ids = call.tracker.ids
        facts: dict[str, Json] = {**_money(page.reached.worth), "conversion_id": call.event_id}
        content: dict[str, Json] = {"content_id": page.show.content_id, "content_name": page.show.title}
        if page.quantity:
            facts["num_items"] = content["num_items"] = page.quantity
        facts["contents"] = [content]
        event = ids.purchase_event if page.reached.step is Step.DONE else ids.start_event
        yield _telling("twq", ("event", event, facts), [call])


def _telling(function: str, arguments: tuple[Json, ...], calls: Sequence[Call]) -> SnippetCall:
    """What counts at the company: once in a browser, over reloads too."""
    what = calls[0].event_id
    kind = calls[0].tracker.kind
    # Each tracker by itself: one that is attached later is told although another one was.
    once = f"balcon.{what}.{'.'.join(_ids(calls))}"
    return Say(function, arguments, kind, _ids(calls), once_key=once, event_id=what)


def _ids(calls: Iterable[Call]) -> tuple[str, ...]:
    return tuple(call.tracker.tracker_id for call in calls)


def _items(page: SnippetPage) -> list[Json]:
    return [
        {
            "item_id": page.show.content_id,
            "item_name": page.show.title,
            "item_category": item.category,
            "item_variant": item.ticket_type,
            "price": item.price.in_units,
            "quantity": item.quantity,
        }
        for item in page.items
    ] or [_show_itself(page.show)]


def _show_itself(show: Show) -> Json:
    return {"item_id": show.content_id, "item_name": show.title}


def _money(worth: Worth | None) -> dict[str, Json]:
    return {} if worth is None else {"value": worth.in_units, "currency": worth.currency}
