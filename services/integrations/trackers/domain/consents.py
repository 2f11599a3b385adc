"""What a visitor allows, in the four words of consent mode, and what each company needs of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

from services.integrations.trackers.domain.tracker import TrackerKind


class ConsentKind(StrEnum):
    """Google's words of consent mode, version 2; for the others the same words are asked."""

    # Measuring: cookies of statistics.
    ANALYTICS_STORAGE = "analytics_storage"
    # Cookies and click ids of advertising.
    AD_STORAGE = "ad_storage"
    # Telling an advertising company something about this person.
    AD_USER_DATA = "ad_user_data"
    # Showing this person advertisements by it.
    AD_PERSONALIZATION = "ad_personalization"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was chosen for one kind, and when. Nothing chosen is no."""

    granted: bool = False
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Consents:
    """All that a visitor has chosen; a field for each ConsentKind."""

    analytics_storage: Decision = Decision()
    ad_storage: Decision = Decision()
    ad_user_data: Decision = Decision()
    ad_personalization: Decision = Decision()

    def granted(self) -> frozenset[ConsentKind]:
        """The kinds that were said yes to."""
        return frozenset(kind for kind in ConsentKind if self.of(kind).granted)

    def of(self, kind: ConsentKind) -> Decision:
        """What was chosen for one."""
        decision: Decision = getattr(self, kind.value)
        return decision


NOTHING_ALLOWED: Final = Consents()

_K = ConsentKind
_ADVERTISING: Final = frozenset({_K.AD_STORAGE, _K.AD_USER_DATA, _K.AD_PERSONALIZATION})

# A tag is loaded where one of these sets is granted whole. Meta and X know no consent mode: what they do once they are
# there is all of advertising. Google's own tags are told what was chosen and keep to it; a container holds tags of
# statistics as well.
_LOADS_WITH: Final[Mapping[TrackerKind, tuple[frozenset[ConsentKind], ...]]] = {
    TrackerKind.META_PIXEL: (_ADVERTISING,),
    TrackerKind.X_PIXEL: (_ADVERTISING,),
    TrackerKind.GOOGLE_ADS: (frozenset({_K.AD_STORAGE}),),
    TrackerKind.GOOGLE_TAG_MANAGER: (frozenset({_K.AD_STORAGE}), frozenset({_K.ANALYTICS_STORAGE})),
}
# What the server says of a person leaves by our own hand: nothing without ad_user_data. Google is told whether it may
# personalize with it, the others cannot be. A container of Google's lives in browsers only.
_TOLD_WITH: Final[Mapping[TrackerKind, frozenset[ConsentKind] | None]] = {
    TrackerKind.META_PIXEL: _ADVERTISING,
    TrackerKind.X_PIXEL: _ADVERTISING,
    TrackerKind.GOOGLE_ADS: frozenset({_K.AD_STORAGE, _K.AD_USER_DATA}),
    TrackerKind.GOOGLE_TAG_MANAGER: None,
}


def may_load(kind: TrackerKind, consents: Consents) -> bool:
    """Whether a browser may load the company's tag."""
    granted = consents.granted()
    return any(needed <= granted for needed in _LOADS_WITH[kind])


def may_tell(kind: TrackerKind, consents: Consents) -> bool:
    """Whether the server may tell the company something of this visit."""
    needed = _TOLD_WITH[kind]
    return needed is not None and needed <= consents.granted()


def later_of(known: Consents, said: Consents) -> Consents:
    """For each kind what was chosen last. Of two at the same moment a no counts."""
    return replace(
        known, **{one.name: _later(getattr(known, one.name), getattr(said, one.name)) for one in fields(Consents)}
    )


def _later(known: Decision, said: Decision) -> Decision:
    if known.at_ms == said.at_ms:
        return known if not known.granted else said
    return max(known, said, key=lambda one: one.at_ms)
