"""A visit to the shop, and what of it may be kept: only what the visitor allows, and for days only. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from services.integrations.trackers.domain.consents import ConsentKind, Consents, later_of

MAX_CLICK_ID_CHARS: Final = 500
MAX_USER_AGENT_CHARS: Final = 512
MAX_IP_CHARS: Final = 45


@dataclass(frozen=True, slots=True)
class Traces:
    """What a visitor's browser brings along. Personal data: kept sealed, and only with a consent."""

    ip_address: str = field(default="", repr=False)
    user_agent: str = field(default="", repr=False)
    # Without its query and its fragment: they are where click ids and names travel.
    page_url: str = field(default="", repr=False)
    language: str = ""
    # Meta's cookies.
    fbp: str = field(default="", repr=False)
    fbc: str = field(default="", repr=False)
    # Google's click ids.
    gclid: str = field(default="", repr=False)
    gbraid: str = field(default="", repr=False)
    wbraid: str = field(default="", repr=False)
    # X's click id.
    twclid: str = field(default="", repr=False)


NO_TRACES: Final = Traces()
# Cookies too: nothing of them stays without ad_storage.
CLICK_IDS: Final = ("fbp", "fbc", "gclid", "gbraid", "wbraid", "twclid")


@dataclass(frozen=True, slots=True)
class Visit:
    """`recorded_at_ms`: when it was told last; it is forgotten some days after."""

    house_id: str
    visit_id: str
    consents: Consents
    traces: Traces
    recorded_at_ms: int


def allowed_traces(traces: Traces, consents: Consents) -> Traces:
    """Nothing personal without ad_user_data, no click ids and cookies without ad_storage."""
    granted = consents.granted()
    if ConsentKind.AD_USER_DATA not in granted:
        return NO_TRACES
    if ConsentKind.AD_STORAGE not in granted:
        traces = replace(traces, **dict.fromkeys(CLICK_IDS, ""))
    return replace(traces, page_url=_plain_url(traces.page_url))


def told_again(known: Visit | None, said: Visit) -> Visit:
    """The visit after it was told: each choice is the last one made, and what is not allowed any more is gone.

    What a later page does not bring, such as the click id of the first one, stays.
    """
    consents = said.consents if known is None else later_of(known.consents, said.consents)
    before = NO_TRACES if known is None else known.traces
    names = Traces.__dataclass_fields__
    traces = Traces(**{name: getattr(said.traces, name) or getattr(before, name) for name in names})
    return replace(said, consents=consents, traces=allowed_traces(traces, consents))


def _plain_url(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
