"""What a call is told that may not be made. A foreign house is not found, as an unknown one is (INV-8)."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class TokenMissing(Refusal):
    """The call needs a token: authorization: Bearer <token>."""

    kind = Kind.UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class TokenInvalid(Refusal):
    """The token {problem}."""

    kind = Kind.UNAUTHENTICATED
    problem: str


@dataclass(frozen=True, slots=True)
class TokenExpired(Refusal):
    """The token is past its time; get a new one and call again."""

    kind = Kind.UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class TokenRevoked(Refusal):
    """The token was revoked: log in again."""

    kind = Kind.UNAUTHENTICATED


@dataclass(frozen=True, slots=True)
class AudienceRefused(Refusal):
    """This call is not for {audience}."""

    kind = Kind.FORBIDDEN
    audience: str


@dataclass(frozen=True, slots=True)
class PermissionMissing(Refusal):
    """None of your roles in house {house_id} has the permission {permission}."""

    kind = Kind.FORBIDDEN
    house_id: str
    permission: str


@dataclass(frozen=True, slots=True)
class HolderForeign(Refusal):
    """A buyer acts for itself only: {field} names another holder."""

    kind = Kind.FORBIDDEN
    field: str


@dataclass(frozen=True, slots=True)
class ChannelForeign(Refusal):
    """A buyer buys online: {field} names a channel of the house's people."""

    kind = Kind.FORBIDDEN
    field: str


@dataclass(frozen=True, slots=True)
class HouseNotFound(Refusal):
    """There is no house {house_id}."""

    kind = Kind.NOT_FOUND
    house_id: str
