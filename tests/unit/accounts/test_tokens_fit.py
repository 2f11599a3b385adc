"""A token of somebody in as many houses as can be, with every role in each, still travels with a call."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.accounts.adapters.jwt_tokens import JwtTokens
from services.accounts.domain.membership import MAX_HOUSES_OF_A_PERSON
from services.accounts.ports.token_signer import TokenFacts
from services.contracts.access import Role
from services.runtime.access.tokens import ACCOUNTS_ISSUER, decoded
from services.runtime.call_context import CallContext
from services.runtime.ids import SeededIds
from services.runtime.principal import HouseRoles, Principal, PrincipalKind
from services.runtime.seal import Seal


def test_the_longest_token_is_taken_as_a_credential() -> None:
    ids = SeededIds(1)
    signer = JwtTokens(Seal(["a sealing secret of tests"], owner="accounts"), ids)
    key = signer.new_key(0, 0)
    roles = frozenset(role.value for role in Role)
    houses = tuple(HouseRoles(ids.new_id("hse"), roles) for _ in range(MAX_HOUSES_OF_A_PERSON))
    principal = Principal(PrincipalKind.STAFF, ids.new_id("psn"), houses)
    token = signer.signed(key, TokenFacts(principal, 1_000, 601_000, ids.new_id("ses"), 10**9))
    assert CallContext({}, None, ids, f"Bearer {token}").credential == f"Bearer {token}"
    read = decoded(token, Ed25519PublicKey.from_public_bytes(key.public_key), ACCOUNTS_ISSUER, 2_000)
    assert getattr(read, "principal", read) == principal
