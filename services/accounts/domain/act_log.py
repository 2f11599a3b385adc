"""What a house can look up later: acts, written once and never changed, and which of them somebody asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.contracts.bounds import MAX_REASON_CHARS
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, refused_fields
from services.runtime.ids import refused_key
from services.runtime.principal import PrincipalRef

MAX_ACT_CHARS = 64
MAX_FACTS = 20
MAX_FACT_CHARS = 200

_ACT = re.compile(r"[a-z][a-z_]*\.[a-z][a-z_]*")
_PREFIX = re.compile(r"[a-z][a-z_.]*")
_THING = re.compile(r"[a-z][a-z0-9_]*")
_THING_LIMIT = f"lower case letters, digits and '_', 1 to {MAX_ACT_CHARS}"
_ACT_LIMIT = f"thing.verb_in_the_past, such as performance.moved, of at most {MAX_ACT_CHARS} characters"


@dataclass(frozen=True, slots=True)
class RecordedAct:
    """An act as it is kept. `who` None: nobody asked for it."""

    act_id: str
    house_id: str
    done_at_ms: int
    who: PrincipalRef | None
    act: str
    thing: str
    thing_id: str
    reason: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedAct:
    """An act with what the person who did it is called now; empty where that is nobody we know."""

    act: RecordedAct
    name: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class ActFilter:
    """Which acts: done from `from_ms` and before `until_ms` (None: no bound), and those that match what is not ''."""

    from_ms: int | None = None
    until_ms: int | None = None
    who_subject: str = ""
    act_prefix: str = ""
    thing: str = ""
    thing_id: str = ""


def refused_filter(wanted: ActFilter) -> FieldInvalid | None:
    """All that is wrong with what somebody looks for, None if nothing is."""
    return refused_fields(
        (
            _refused_times(wanted),
            refused_key("who_subject", wanted.who_subject) if wanted.who_subject else None,
            _refused_form("act_prefix", wanted.act_prefix, _PREFIX, _ACT_LIMIT) if wanted.act_prefix else None,
            _refused_form("thing", wanted.thing, _THING, _THING_LIMIT) if wanted.thing else None,
            refused_key("thing_id", wanted.thing_id) if wanted.thing_id else None,
        )
    )


def _refused_times(wanted: ActFilter) -> FieldInvalid | None:
    if wanted.from_ms is None or wanted.until_ms is None or wanted.from_ms <= wanted.until_ms:
        return None
    return FieldInvalid("until_at", "is before from_at", "from_at or later")


def refused_act(
    *, act: str, thing: str, thing_id: str, reason: str, facts: Sequence[tuple[str, str]]
) -> FieldInvalid | None:
    """All that is wrong with an act that a service tells by a call, None if nothing is."""
    return refused_fields(
        (
            _refused_form("act", act, _ACT, _ACT_LIMIT),
            _refused_form("thing", thing, _THING, _THING_LIMIT),
            refused_key("thing_id", thing_id),
            refused_text("reason", reason, at_least=0, at_most=MAX_REASON_CHARS),
            _refused_facts(facts),
        )
    )


def _refused_form(field_name: str, value: str, form: re.Pattern[str], limit: str) -> FieldInvalid | None:
    if len(value) <= MAX_ACT_CHARS and form.fullmatch(value):
        return None
    return FieldInvalid(field_name, f"is {value[:MAX_ACT_CHARS]!r}" if value else UNSET, limit)


def _refused_facts(facts: Sequence[tuple[str, str]]) -> FieldInvalid | None:
    if len(facts) > MAX_FACTS:
        return FieldInvalid("facts", f"has {len(facts):,}", f"at most {MAX_FACTS}")
    checks = [
        check
        for place, (name, value) in enumerate(facts)
        for check in (
            _refused_form(f"facts[{place}].fact", name, _THING, _THING_LIMIT),
            refused_text(f"facts[{place}].value", value, at_most=MAX_FACT_CHARS),
        )
    ]
    if len({name for name, _ in facts}) < len(facts):
        checks.append(FieldInvalid("facts", "has a name twice", "each name once"))
    return refused_fields(checks)
