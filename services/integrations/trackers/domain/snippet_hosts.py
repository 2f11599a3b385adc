"""Hosts that a page's Content-Security-Policy has to allow for its trackers, whatever is consented to. Pure data.

The header is sent before a visitor chooses. Google's are of its guide to such policies; those of Meta and X are what
their scripts load (they publish no list): see docs/guide/trackers.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.integrations.trackers.domain.tracker import Tracker, TrackerKind


@dataclass(frozen=True, slots=True)
class Hosts:
    """Sources by directive."""

    script: tuple[str, ...] = ()
    img: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()


_GTM: Final = "https://www.googletagmanager.com"
_ADS: Final = ("https://www.google.com", "https://googleads.g.doubleclick.net", "https://www.googleadservices.com")

_BY_KIND: Final[Mapping[TrackerKind, Hosts]] = {
    TrackerKind.META_PIXEL: Hosts(
        script=("https://connect.facebook.net",),
        img=("https://www.facebook.com",),
        connect=("https://www.facebook.com", "https://connect.facebook.net"),
    ),
    TrackerKind.GOOGLE_ADS: Hosts(
        script=(_GTM, *_ADS),
        img=(_GTM, "https://google.com", *_ADS),
        connect=(_GTM, "https://google.com", "https://pagead2.googlesyndication.com", *_ADS),
        frame=(_GTM, "https://td.doubleclick.net"),
    ),
    # What a container holds needs hosts of its own; the house knows them.
    TrackerKind.GOOGLE_TAG_MANAGER: Hosts(
        script=(_GTM,), img=(_GTM,), connect=(_GTM, "https://www.google.com"), frame=(_GTM,)
    ),
    TrackerKind.X_PIXEL: Hosts(
        script=("https://static.ads-twitter.com",),
        img=("https://t.co", "https://analytics.twitter.com"),
        connect=("https://analytics.twitter.com", "https://ads-twitter.com"),
    ),
}


def hosts_of(trackers: Iterable[Tracker]) -> Hosts:
    """Those of all trackers together, each once, in the order of the alphabet."""
    found = [_BY_KIND[kind] for kind in {tracker.kind for tracker in trackers}]
    return Hosts(
        script=_together(one.script for one in found),
        img=_together(one.img for one in found),
        connect=_together(one.connect for one in found),
        frame=_together(one.frame for one in found),
    )


def _together(sources: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({source for some in sources for source in some}))
