"""Questions, answers and audiences between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from balcon.customers.v1 import consents_pb2 as pb
from balcon.customers.v1 import customers_events_pb2 as events
from balcon.customers.v1 import customers_pb2

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant
from services.customers.domain.answer import Answer
from services.customers.domain.audience import AudienceMember, ConsentedCustomer
from services.customers.domain.consent import (
    MAX_TICKS,
    Consent,
    ConsentMedium,
    ConsentScope,
    ConsentText,
    Tick,
)
from services.customers.domain.house import House
from services.customers.handlers.answers import Answered
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key

_SCOPES = {events.ConsentScope.Value(f"CONSENT_SCOPE_{one.value}"): one for one in ConsentScope}
_MEDIA = {events.ConsentMedium.Value(f"CONSENT_MEDIUM_{one.value}"): one for one in ConsentMedium}
_DOUBLE_OPT_IN = {pb.DOUBLE_OPT_IN_UNSPECIFIED: None, pb.DOUBLE_OPT_IN_ON: True, pb.DOUBLE_OPT_IN_OFF: False}


def scope_of(wire: events.ConsentScope.ValueType) -> ConsentScope | FieldInvalid:
    """What a question is about."""
    return _SCOPES.get(wire) or _unknown("scope", wire, [one.value for one in ConsentScope])


def medium_of(wire: events.ConsentMedium.ValueType) -> ConsentMedium | FieldInvalid:
    """By which way somebody is spoken to."""
    return _MEDIA.get(wire) or _unknown("medium", wire, [one.value for one in ConsentMedium])


def double_opt_in_of(wire: pb.DoubleOptIn.ValueType) -> bool | FieldInvalid | None:
    """What a house settles; None: as it is usual."""
    if wire in _DOUBLE_OPT_IN:
        return _DOUBLE_OPT_IN[wire]
    return FieldInvalid("double_opt_in", f"{int(wire)} is unknown", "on, off, or unset for what is usual")


def _unknown(field: str, wire: int, known: Iterable[str]) -> FieldInvalid:
    return FieldInvalid(field, f"{wire} is unknown" if wire else UNSET, ", ".join(known))


def texts_of(wire: Iterable[pb.ConsentText]) -> tuple[ConsentText, ...]:
    """What is asked, by language."""
    return tuple(ConsentText(one.language, one.title.strip(), one.description.replace("\r\n", "\n")) for one in wire)


def ticks_of(wire: Iterable[customers_pb2.ConsentTick]) -> tuple[Tick, ...]:
    """Each once, in their order."""
    return tuple(dict.fromkeys(Tick(one.consent_id, one.text_version) for one in wire))


def refused_ticks(field: str, wire: Sequence[customers_pb2.ConsentTick]) -> FieldInvalid | None:
    """All that is wrong with what was ticked, else None."""
    if len(wire) > MAX_TICKS:
        return FieldInvalid(field, f"has {len(wire):,}", f"at most {MAX_TICKS}")
    return refused_fields(
        check
        for place, one in enumerate(wire)
        for check in (
            refused_key(f"{field}[{place}].consent_id", one.consent_id),
            None if one.text_version else FieldInvalid(f"{field}[{place}].text_version", UNSET, "1 or more"),
        )
    )


def refused_consent_ids(field: str, ids: Sequence[str]) -> FieldInvalid | None:
    """All that is wrong with what is taken back, else None."""
    if len(ids) > MAX_TICKS:
        return FieldInvalid(field, f"has {len(ids):,}", f"at most {MAX_TICKS}")
    return refused_fields(refused_key(f"{field}[{place}]", one) for place, one in enumerate(ids))


def refused_ids(field: str, ids: Sequence[str], *, at_most: int) -> FieldInvalid | None:
    """All that is wrong with a list of ids that names somebody or something, else None."""
    if not ids or len(ids) > at_most:
        return FieldInvalid(field, f"has {len(ids):,}" if ids else UNSET, f"1 to {at_most}")
    return refused_fields(refused_key(f"{field}[{place}]", one) for place, one in enumerate(ids))


def consent_message(consent: Consent) -> pb.Consent:
    """The question on the wire."""
    return pb.Consent(
        house_id=consent.house_id,
        consent_id=consent.consent_id,
        scope=events.ConsentScope.Value(f"CONSENT_SCOPE_{consent.scope.value}"),
        thing_id=consent.thing_id,
        medium=events.ConsentMedium.Value(f"CONSENT_MEDIUM_{consent.medium.value}"),
        position=consent.position,
        text_version=consent.text_version,
        texts=[
            pb.ConsentText(language=one.language, title=one.title, description=one.description) for one in consent.texts
        ],
        archived=consent.archived,
        etag=etag_of(consent.revision),
    )


def answered_messages(answers: Iterable[Answered]) -> list[pb.CustomerConsent]:
    """How a customer has answered, on the wire."""
    return [_answered(one) for one in answers]


def _answered(one: Answered) -> pb.CustomerConsent:
    answer, consent = one.answer, one.consent
    return pb.CustomerConsent(
        consent_id=answer.consent_id,
        scope=events.ConsentScope.Value(f"CONSENT_SCOPE_{consent.scope.value}"),
        thing_id=consent.thing_id,
        medium=events.ConsentMedium.Value(f"CONSENT_MEDIUM_{consent.medium.value}"),
        state=events.ConsentState.Value(f"CONSENT_STATE_{answer.state.value}"),
        text_version=answer.text_version,
        source=events.ConsentSource.Value(f"CONSENT_SOURCE_{answer.source.value}"),
        changed_at=wire_instant(answer.changed_at_ms),
        history=[_step(step) for step in one.history],
    )


def _step(step: Answer) -> pb.ConsentStep:
    return pb.ConsentStep(
        state=events.ConsentState.Value(f"CONSENT_STATE_{step.state.value}"),
        text_version=step.text_version,
        source=events.ConsentSource.Value(f"CONSENT_SOURCE_{step.source.value}"),
        note=step.note,
        changed_at=wire_instant(step.changed_at_ms),
    )


def settings_message(house: House) -> pb.ConsentSettings:
    """What a house has settled, on the wire."""
    said = {True: pb.DOUBLE_OPT_IN_ON, False: pb.DOUBLE_OPT_IN_OFF, None: pb.DOUBLE_OPT_IN_UNSPECIFIED}
    return pb.ConsentSettings(
        house_id=house.house_id,
        double_opt_in=said[house.double_opt_in],
        asks_for_confirmation=house.asks_for_confirmation,
        country=house.country,
    )


def member_message(house_id: str, member: AudienceMember) -> pb.AudienceMember:
    """Somebody who may be spoken to, on the wire."""
    return pb.AudienceMember(
        customer_id=member.customer_id,
        name=member.name,
        email=member.email,
        phone=member.phone,
        language=member.language,
        media=[events.ConsentMedium.Value(f"CONSENT_MEDIUM_{one.value}") for one in member.media],
        house_id=house_id,
    )


def consented_message(customer: ConsentedCustomer) -> pb.ConsentedCustomer:
    """Somebody who may be written to, on the wire."""
    return pb.ConsentedCustomer(
        customer_id=customer.customer_id,
        name=customer.name,
        email=customer.email,
        language=customer.language,
        consents=[
            pb.StandingConsent(consent_id=consent_id, confirmed_at=wire_instant(since_ms))
            for consent_id, since_ms in customer.consents
        ],
    )
