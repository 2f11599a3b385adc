"""Who may be spoken to, and by whom: only who has consented to it (R3.16)."""

from __future__ import annotations

from dataclasses import dataclass

from services.customers.domain.consent import ConsentMedium


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a customer has bought of one performance, by ids."""

    order_id: str
    performance_id: str
    customer_id: str
    bought_at_ms: int


@dataclass(frozen=True, slots=True)
class GrantedSight:
    """What one house grants to a promoter. `grant_ids`: every grant it has made to this promoter's address."""

    whole_house: bool
    production_ids: tuple[str, ...]
    performance_ids: tuple[str, ...]
    grant_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AudienceFilter:
    """Narrows an audience; '' narrows nothing."""

    consent_id: str = ""
    performance_id: str = ""


@dataclass(frozen=True, slots=True)
class AudienceMember:
    """Personal data, each part of it told for a medium that was consented to."""

    customer_id: str
    name: str
    email: str
    phone: str
    language: str
    media: tuple[ConsentMedium, ...]


def as_consented(member: AudienceMember) -> AudienceMember:
    """Without the address or number of a medium that nobody has consented to."""
    return AudienceMember(
        member.customer_id,
        member.name,
        member.email if ConsentMedium.EMAIL in member.media else "",
        member.phone if ConsentMedium.SMS in member.media else "",
        member.language,
        member.media,
    )


@dataclass(frozen=True, slots=True)
class ConsentedCustomer:
    """Who may be written to by what counts: `consents` are questions and since when."""

    customer_id: str
    name: str
    email: str
    language: str
    consents: tuple[tuple[str, int], ...]
