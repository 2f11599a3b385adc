"""How a customer answers a question: asked, confirmed, withdrawn (R3.19). Each step is kept; none is taken back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class ConsentState(Enum):
    """Names as in balcon.customers.v1.ConsentState."""

    ASKED = "ASKED"
    CONFIRMED = "CONFIRMED"
    WITHDRAWN = "WITHDRAWN"


class ConsentSource(Enum):
    """Where a step came from; names as in balcon.customers.v1.ConsentSource."""

    CHECKOUT = "CHECKOUT"
    ACCOUNT = "ACCOUNT"
    BOX_OFFICE = "BOX_OFFICE"
    UPLOAD = "UPLOAD"
    LINK = "LINK"
    INTEGRATION = "INTEGRATION"


# Who answers so has just opened a mail: nothing is left to be shown by another one.
_PROVEN = frozenset({ConsentSource.ACCOUNT, ConsentSource.LINK})


@dataclass(frozen=True, slots=True)
class Answer:
    """How one customer's answer to one question stands."""

    customer_id: str
    consent_id: str
    state: ConsentState
    text_version: int
    source: ConsentSource
    note: str
    changed_at_ms: int

    @property
    def counts(self) -> bool:
        """Whether anybody may be spoken to by it."""
        return self.state is ConsentState.CONFIRMED


@dataclass(frozen=True, slots=True)
class Given:
    """Somebody has said yes: to which version, where, when."""

    customer_id: str
    consent_id: str
    text_version: int
    source: ConsentSource
    at_ms: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`answer` None: it stands as it stood. `needs_mail`: nothing counts before the link of a mail was opened."""

    answer: Answer | None = None
    needs_mail: bool = False


def given(before: Answer | None, yes: Given, *, asks_for_confirmation: bool) -> Outcome:
    """What a yes comes to. A list never changes the mind of somebody who has taken a consent back."""
    needs_mail = asks_for_confirmation and yes.source not in _PROVEN
    if before is None:
        return Outcome(_step(yes, needs_mail=needs_mail), needs_mail)
    if before.state is ConsentState.WITHDRAWN:
        if yes.source is ConsentSource.UPLOAD:
            return Outcome()
        return Outcome(_step(yes, needs_mail=needs_mail), needs_mail)
    if yes.source is ConsentSource.UPLOAD or (before.counts and yes.text_version <= before.text_version):
        # What stands was said by the person; a list says no more.
        return Outcome()
    if before.counts and needs_mail:
        # The former text stays confirmed until the new one is: a stranger cannot take it away.
        return Outcome(None, needs_mail=True)
    if before.state is ConsentState.ASKED and needs_mail:
        is_newer = yes.text_version > before.text_version
        return Outcome(_step(yes, needs_mail=True) if is_newer else None, needs_mail=True)
    return Outcome(_step(yes, needs_mail=False), needs_mail=False)


def confirmed(before: Answer | None, text_version: int, at_ms: int) -> Answer | None:
    """The answer after the link of a mail was opened; None: nothing changes. One from before a no changes nothing."""
    if before is None or before.state is ConsentState.WITHDRAWN:
        return None
    if before.counts and text_version <= before.text_version:
        return None
    return replace(
        before,
        state=ConsentState.CONFIRMED,
        text_version=text_version,
        source=ConsentSource.LINK,
        note="",
        changed_at_ms=at_ms,
    )


def withdrawn(before: Answer | None, source: ConsentSource, at_ms: int, note: str = "") -> Answer | None:
    """The answer after a no; None: there was nothing to take back."""
    if before is None or before.state is ConsentState.WITHDRAWN:
        return None
    return replace(
        before,
        state=ConsentState.WITHDRAWN,
        source=source,
        note=note,
        changed_at_ms=at_ms,
    )


def merged_answer(stays: Answer | None, goes: Answer, customer_id: str) -> Answer | None:
    """What of another record's answer goes over to the one that stays; None: nothing. A no is the stronger."""
    if stays is not None:
        is_no = goes.state is ConsentState.WITHDRAWN and stays.state is not ConsentState.WITHDRAWN
        is_proof = goes.counts and stays.state is ConsentState.ASKED
        if not (is_no or is_proof):
            return None
    return replace(goes, customer_id=customer_id)


def _step(yes: Given, *, needs_mail: bool) -> Answer:
    state = ConsentState.ASKED if needs_mail else ConsentState.CONFIRMED
    return Answer(yes.customer_id, yes.consent_id, state, yes.text_version, yes.source, yes.note, yes.at_ms)
