"""Tries to log in and second factors in PostgreSQL, inside one transaction's connection."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.accounts.adapters.guard_tables import log_in_attempts, recovery_codes, second_factors
from services.accounts.domain.attempts import Attempts
from services.accounts.domain.second_factor import SecondFactor
from services.runtime.seal import Seal


class LogInAttemptRows:
    """See LogInAttempts."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock(self, name: str) -> Attempts:
        """See LogInAttempts.lock. The row is made first, so that there is one to lock."""
        name_hash = _hash_of(name)
        none_yet = {"name_hash": name_hash, "tries": 0, "last_at_ms": 0, "blocked_until_ms": 0}
        await self._connection.execute(insert(log_in_attempts).on_conflict_do_nothing(), none_yet)
        wanted = sa.select(log_in_attempts).where(log_in_attempts.c.name_hash == name_hash).with_for_update()
        row = (await self._connection.execute(wanted)).first()
        return Attempts() if row is None else Attempts(row.tries, row.last_at_ms, row.blocked_until_ms)

    async def save(self, name: str, attempts: Attempts) -> None:
        save = (
            sa.update(log_in_attempts)
            .where(log_in_attempts.c.name_hash == _hash_of(name))
            .values(tries=attempts.count, last_at_ms=attempts.last_at_ms, blocked_until_ms=attempts.blocked_until_ms)
        )
        await self._connection.execute(save)

    async def forget(self, name: str) -> None:
        await self._connection.execute(sa.delete(log_in_attempts).where(log_in_attempts.c.name_hash == _hash_of(name)))


def _hash_of(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


class SecondFactorRows:
    """See SecondFactors."""

    def __init__(self, connection: AsyncConnection, seal: Seal) -> None:
        self._connection = connection
        self._seal = seal

    async def lock(self, person_id: str) -> SecondFactor | None:
        wanted = sa.select(second_factors).where(second_factors.c.person_id == person_id).with_for_update()
        row = (await self._connection.execute(wanted)).first()
        if row is None:
            return None
        secret = self._seal.opened(bytes(row.sealed_secret)).decode()
        return SecondFactor(row.person_id, secret, row.is_confirmed, row.last_step)

    async def save(self, factor: SecondFactor) -> None:
        values = {
            "person_id": factor.person_id,
            "sealed_secret": self._seal.sealed(factor.secret.encode()),
            "is_confirmed": factor.is_confirmed,
            "last_step": factor.last_step,
        }
        save = insert(second_factors).values(values)
        await self._connection.execute(save.on_conflict_do_update(index_elements=["person_id"], set_=values))

    async def remove(self, person_id: str) -> None:
        for table in (recovery_codes, second_factors):
            await self._connection.execute(sa.delete(table).where(table.c.person_id == person_id))

    async def replace_recovery_codes(self, person_id: str, hashes: Sequence[bytes]) -> None:
        await self._connection.execute(sa.delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
        values = [{"person_id": person_id, "code_hash": code_hash} for code_hash in hashes]
        await self._connection.execute(insert(recovery_codes), values)

    async def take_recovery_code(self, person_id: str, code_hash: bytes) -> bool:
        take = sa.delete(recovery_codes).where(
            recovery_codes.c.person_id == person_id, recovery_codes.c.code_hash == code_hash
        )
        return (await self._connection.execute(take)).rowcount == 1
