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

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class PromoterNotFound(Refusal):
    """The house has no promoter {promoter_id}."""

    kind = Kind.NOT_FOUND
    promoter_id: str


@dataclass(frozen=True, slots=True)
class PromoterIsMember(Refusal):
    """Promoter {promoter_id} works in a house by now: name, address and password are changed by nobody else."""

    kind = Kind.PRECONDITION
    promoter_id: str


@dataclass(frozen=True, slots=True)
class KeyNotFound(Refusal):
    """The house has no key {key_id} that is good."""

    kind = Kind.NOT_FOUND
    key_id: str


@dataclass(frozen=True, slots=True)
class KeyRefused(Refusal):
    """The key is not good: it is unknown, withdrawn, or not written as it was given out."""

    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class ResellerNotFound(Refusal):
    """The house has no reseller {reseller_id} with a key that is good."""

    kind = Kind.NOT_FOUND
    reseller_id: str


@dataclass(frozen=True, slots=True)
class TooManyKeys(Refusal):
    """A house has {limit} keys at most that are good; withdraw one first."""

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class TwoKeysLive(Refusal):
    """Two keys of the reseller are good already; withdraw one of them first."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class GrantNotFound(Refusal):
    """The house has no grant {grant_id}."""

    kind = Kind.NOT_FOUND
    grant_id: str


@dataclass(frozen=True, slots=True)
class TooManyGrants(Refusal):
    """A house grants an address {limit} things at most; grant productions, or the whole house."""

    kind = Kind.PRECONDITION
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


@dataclass(frozen=True, slots=True)
class TooManyAttempts(Refusal):
    """Too many attempts; the next one is taken at {retry_at}, in {retry_after_ms} ms."""

    kind = Kind.EXHAUSTED
    retry_after_ms: int
    retry_at: str


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded(Refusal):
    """Send the code of the second factor too, or one of the recovery codes."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class SecondFactorWrong(Refusal):
    """The code is wrong, or was used before."""

    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class SecondFactorOn(Refusal):
    """There is a second factor already; disable it first."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class SecondFactorOff(Refusal):
    """There is no second factor; enrol one first."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class PasswordWrong(Refusal):
    """The password is not the one of the account."""

    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class SessionNotFound(Refusal):
    """You have no session {session_id}."""

    kind = Kind.NOT_FOUND
    session_id: str


@dataclass(frozen=True, slots=True)
class LinkUnknown(Refusal):
    """There is no such link; ask for a new one."""

    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class LinkUsed(Refusal):
    """The link was used before; each works once."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class LinkExpired(Refusal):
    """The link is past its time; ask for a new one."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class InvitationNotFound(Refusal):
    """There is no such invitation."""

    kind = Kind.NOT_FOUND


@dataclass(frozen=True, slots=True)
class InvitationUsed(Refusal):
    """The invitation was accepted before; each works once."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class InvitationExpired(Refusal):
    """The invitation is past its time; ask the house for a new one."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class InvitationWithdrawn(Refusal):
    """The house has withdrawn the invitation."""

    kind = Kind.PRECONDITION


@dataclass(frozen=True, slots=True)
class InvitationForAnother(Refusal):
    """The invitation is for another address than yours."""

    kind = Kind.FORBIDDEN


@dataclass(frozen=True, slots=True)
class TooManyInvitations(Refusal):
    """The house has {limit} invitations that nobody has answered; withdraw some."""

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class AlreadyMember(Refusal):
    """Somebody with this address is a member of the house already."""

    kind = Kind.TAKEN


@dataclass(frozen=True, slots=True)
class MemberNotFound(Refusal):
    """The house has no member {person_id}."""

    kind = Kind.NOT_FOUND
    person_id: str


@dataclass(frozen=True, slots=True)
class LastOwner(Refusal):
    """The house would have no owner; make somebody else an owner first."""

    kind = Kind.PRECONDITION
