"""Signed tokens (JWT, EdDSA): what they say, how they are written and read. Which keys are trusted is KeyRing's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.runtime.access.refusals import TokenExpired, TokenInvalid
from services.runtime.errors import Refusal
from services.runtime.principal import HouseRoles, Principal, PrincipalKind

ALGORITHM: Final = "EdDSA"
TYPE: Final = "balcon+jwt"
# No token lives longer, whoever signs it.
MAX_SECONDS: Final = 600
# Clocks of the deployment's machines may differ by so much.
LEEWAY_SECONDS: Final = 5
# People's accounts mint tokens for all but services and operators; those two are signed with the deployment's own key.
ACCOUNTS_ISSUER: Final = "balcon.accounts"
DEPLOYMENT_ISSUER: Final = "balcon.deployment"
ISSUED_BY_ACCOUNTS: Final = frozenset(
    {PrincipalKind.BUYER, PrincipalKind.STAFF, PrincipalKind.PROMOTER, PrincipalKind.RESELLER}
)
_MALFORMED: Final = TokenInvalid("is malformed")
_MAX_HOUSES: Final = 200
_LATEST: Final = 1e11


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. Times are unix milliseconds; session and grants' version where accounts has given them."""

    principal: Principal
    issued_at_ms: int
    expires_at_ms: int
    token_id: str
    session_id: str = ""
    grants_version: int = 0


def issuer_of(kind: PrincipalKind) -> str:
    """Who signs tokens of that kind."""
    return ACCOUNTS_ISSUER if kind in ISSUED_BY_ACCOUNTS else DEPLOYMENT_ISSUER


def encoded(token: Token, key: Ed25519PrivateKey, key_id: str) -> str:
    """The token, signed. ValueError for one that would live longer than MAX_SECONDS."""
    if not 0 < token.expires_at_ms - token.issued_at_ms <= MAX_SECONDS * 1000:
        message = f"a token lives 1 to {MAX_SECONDS} seconds"
        raise ValueError(message)
    principal = token.principal
    claims: dict[str, Any] = {
        "iss": issuer_of(principal.kind),
        "sub": principal.subject,
        "knd": principal.kind.value,
        "iat": token.issued_at_ms / 1000,
        "exp": token.expires_at_ms / 1000,
        "jti": token.token_id,
    }
    if principal.houses:
        claims["hss"] = {house.house_id: sorted(house.roles) for house in principal.houses}
    if token.session_id:
        claims["sid"] = token.session_id
    if token.grants_version:
        claims["gv"] = token.grants_version
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": key_id, "typ": TYPE})


def key_id_of(written: str) -> str | Refusal:
    """The id of the key that the token says it is signed with. Nothing else of it is to be believed before that."""
    try:
        header = jwt.get_unverified_header(written)
    except jwt.InvalidTokenError:
        return _MALFORMED
    key_id = header.get("kid")
    # `alg: none` and keys of other kinds end here; what verifies is told the algorithm and does not ask the token.
    if header.get("alg") != ALGORITHM or header.get("typ") != TYPE or not isinstance(key_id, str):
        return _MALFORMED
    return key_id


def decoded(written: str, key: Ed25519PublicKey, issuer: str, now_ms: int) -> Token | Refusal:
    """The token, if `key` has signed it, `issuer` may say what it says, and it is not past its time."""
    try:
        claims = jwt.decode(
            written,
            key,
            algorithms=[ALGORITHM],
            issuer=issuer,
            # Times are judged below, on the clock of the service.
            options={
                "require": ["iss", "sub", "iat", "exp", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidSignatureError:
        return TokenInvalid("has a signature that is not its key's")
    except jwt.InvalidIssuerError:
        return TokenInvalid("is not by who may sign it")
    except jwt.InvalidTokenError:
        return _MALFORMED
    token = _token_of(claims)
    if token is None or issuer_of(token.principal.kind) != issuer:
        return _MALFORMED
    if not 0 < token.expires_at_ms - token.issued_at_ms <= MAX_SECONDS * 1000:
        return TokenInvalid(f"claims to live longer than {MAX_SECONDS} seconds")
    if token.issued_at_ms > now_ms + LEEWAY_SECONDS * 1000:
        return TokenInvalid("is from the future")
    return TokenExpired() if token.expires_at_ms <= now_ms else token


def _token_of(claims: Mapping[str, Any]) -> Token | None:
    """None for claims of another form."""
    subject, kind, houses = claims["sub"], claims.get("knd"), claims.get("hss", {})
    times, grants_version = (claims["iat"], claims["exp"]), claims.get("gv", 0)
    texts = (subject, claims["jti"], claims.get("sid", ""))
    if not isinstance(kind, str) or kind not in PrincipalKind.__members__:
        return None
    if not all(isinstance(text, str) and len(text) <= 128 for text in texts):
        return None
    if not all(_is_time(time) for time in times) or type(grants_version) is not int:
        return None
    if not subject or not _is_roles(houses):
        return None
    roles = tuple(HouseRoles(house_id, frozenset(names)) for house_id, names in houses.items())
    principal = Principal(PrincipalKind[kind], subject, roles)
    issued_at_ms, expires_at_ms = (round(time * 1000) for time in times)
    return Token(principal, issued_at_ms, expires_at_ms, texts[1], texts[2], grants_version)


def _is_time(value: object) -> bool:
    """RFC 7519's NumericDate, within what fits a clock."""
    return type(value) in {int, float} and 0 <= value < _LATEST  # type: ignore[operator]


def _is_roles(houses: object) -> bool:
    return (
        isinstance(houses, dict)
        and len(houses) <= _MAX_HOUSES
        and all(isinstance(names, list) and all(isinstance(name, str) for name in names) for names in houses.values())
    )
