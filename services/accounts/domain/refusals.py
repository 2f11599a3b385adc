"""Accounts' own ways of saying no. Another house's things are not found, never forbidden (INV-8)."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class LabelTaken(Refusal):
    """The label {label} belongs to another house; choose another one."""

    kind = Kind.TAKEN
    label: str


@dataclass(frozen=True, slots=True)
class LabelNotFound(Refusal):
    """There is no house with the label {label}."""

    kind = Kind.NOT_FOUND
    label: str


@dataclass(frozen=True, slots=True)
class EmailTaken(Refusal):
    """Somebody with this address is known already: log in, or have the password reset."""

    kind = Kind.TAKEN


@dataclass(frozen=True, slots=True)
class TooManyHouses(Refusal):
    """A person is a member of {limit} houses at most."""

    kind = Kind.EXHAUSTED
    limit: int


@dataclass(frozen=True, slots=True)
class GrantNotFound(Refusal):
    """The house has no grant {grant_id}."""

    kind = Kind.NOT_FOUND
    grant_id: str


@dataclass(frozen=True, slots=True)
class TooManyGrants(Refusal):
    """A house grants an address {limit} things at most; grant productions, or the whole house."""

    kind = Kind.EXHAUSTED
    limit: int


@dataclass(frozen=True, slots=True)
class PersonUnknown(Refusal):
    """This call is for somebody who has logged in."""

    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class LogInRefused(Refusal):
    """Address and password do not belong together."""

    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class SessionOver(Refusal):
    """There is no such session, or it is over: log in again."""

    kind = Kind.NOT_FOUND
