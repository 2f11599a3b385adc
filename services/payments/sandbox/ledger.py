"""What the sandbox knows, in one SQLite file that survives kill -9. Stores and finds; decides nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import msgspec

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    id TEXT PRIMARY KEY, reference TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, return_url TEXT NOT NULL, created_at_ms INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    refunded_minor INTEGER NOT NULL, refund_asked_minor INTEGER NOT NULL, metadata TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    stalled_until_ms INTEGER NOT NULL, errors_left INTEGER NOT NULL, refund_errors_left INTEGER NOT NULL,
    dispute TEXT NOT NULL DEFAULT '', disputed_minor INTEGER NOT NULL DEFAULT 0,
    capture TEXT NOT NULL DEFAULT 'automatic');
CREATE INDEX IF NOT EXISTS payments_reference ON payments (reference);
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, request_hash TEXT NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tries (key TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, body BLOB NOT NULL, is_listed INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, sequence INTEGER NOT NULL, first_at_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL, next_at_ms INTEGER);
CREATE INDEX IF NOT EXISTS deliveries_next ON deliveries (next_at_ms) WHERE next_at_ms IS NOT NULL;
CREATE TABLE IF NOT EXISTS agenda (
    id INTEGER PRIMARY KEY AUTOINCREMENT, due_at_ms INTEGER NOT NULL, payment_id TEXT NOT NULL, act TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS agenda_due ON agenda (due_at_ms);
"""


# What files of earlier releases lack.
_LATER_COLUMNS = {
    "dispute": "TEXT NOT NULL DEFAULT ''",
    "disputed_minor": "INTEGER NOT NULL DEFAULT 0",
    "capture": "TEXT NOT NULL DEFAULT 'automatic'",
}


@dataclass(slots=True)
class PaymentRecord:
    """A payment at the provider. `metadata` is JSON text; `behaviour` is empty until a card is known.

    `dispute` is empty, open, won or lost. `capture` is automatic or manual: paying only authorises, the shop captures.
    """

    id: str
    reference: str
    status: str
    reason: str
    amount_minor: int
    currency: str
    return_url: str
    created_at_ms: int
    expires_at_ms: int
    refunded_minor: int
    refund_asked_minor: int
    metadata: str
    behaviour: str
    stalled_until_ms: int
    errors_left: int
    refund_errors_left: int
    dispute: str = ""
    disputed_minor: int = 0
    capture: str = "automatic"


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a body of JSON, as they are replayed for the same key."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that has not been taken yet."""

    id: int
    body: bytes
    attempts: int
    first_at_ms: int


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """Something that happens to a payment by itself."""

    id: int
    payment_id: str
    act: str


_COLUMNS = tuple(field.name for field in fields(PaymentRecord))
_PUT = (
    f"INSERT OR REPLACE INTO payments ({', '.join(_COLUMNS)}) "  # noqa: S608 (our own column names)
    f"VALUES ({', '.join('?' * len(_COLUMNS))})"
)
_GET = f"SELECT {', '.join(_COLUMNS)} FROM payments"  # noqa: S608 (our own column names)


class Ledger:
    """One file, one process, one thread. Write inside `with ledger.transaction():`."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        # WAL without an fsync per commit: outlives the process, not a power cut. It is only play money.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_SCHEMA)
        known = {row[1] for row in self._db.execute("PRAGMA table_info(payments)")}
        for name, kind in _LATER_COLUMNS.items():
            if name not in known:
                self._db.execute(f"ALTER TABLE payments ADD COLUMN {name} {kind}")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's writes, or none."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def put(self, payment: PaymentRecord) -> None:
        """Stores a new or changed payment."""
        self._db.execute(_PUT, [getattr(payment, name) for name in _COLUMNS])

    def payment(self, payment_id: str) -> PaymentRecord | None:
        """The payment, if there is one."""
        row = self._db.execute(f"{_GET} WHERE id = ?", [payment_id]).fetchone()
        return PaymentRecord(*row) if row else None

    def payments(self, *, reference: str, status: str, after: str, limit: int) -> list[PaymentRecord]:
        """Payments by id; an empty filter lets everything through."""
        rows = self._db.execute(
            f"{_GET} WHERE (? = '' OR reference = ?) AND (? = '' OR status = ?) AND id > ? ORDER BY id LIMIT ?",
            [reference, reference, status, status, after, limit],
        )
        return [PaymentRecord(*row) for row in rows]

    def reply(self, key: str) -> tuple[str, Reply] | None:
        """Request hash and first reply of an idempotency key."""
        row = self._db.execute("SELECT request_hash, status, body FROM replies WHERE key = ?", [key]).fetchone()
        return (row[0], Reply(row[1], row[2])) if row else None

    def keep_reply(self, key: str, request_hash: str, reply: Reply) -> None:
        """Replays `reply` for the key from now on."""
        self._db.execute("INSERT INTO replies VALUES (?, ?, ?, ?)", [key, request_hash, reply.status, reply.body])

    def count_try(self, key: str) -> int:
        """How often the key was tried, this time included."""
        self._db.execute("INSERT INTO tries VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET count = count + 1", [key])
        return int(self._db.execute("SELECT count FROM tries WHERE key = ?", [key]).fetchone()[0])

    def add_event(self, event: dict[str, Any], *, is_listed: bool, deliver_at_ms: list[int]) -> None:
        """Stores an event and the times at which it is first delivered."""
        added = self._db.execute(
            "INSERT INTO events (id, body, is_listed) VALUES (?, ?, ?)",
            [event["id"], msgspec.json.encode(event), is_listed],
        )
        for at_ms in deliver_at_ms:
            self._db.execute(
                "INSERT INTO deliveries (sequence, first_at_ms, attempts, next_at_ms) VALUES (?, ?, 0, ?)",
                [added.lastrowid, at_ms, at_ms],
            )

    def events_after(self, sequence: int, limit: int) -> list[tuple[int, bytes]]:
        """Sequence and body of the listed events after `sequence`."""
        rows = self._db.execute(
            "SELECT sequence, body FROM events WHERE sequence > ? AND is_listed ORDER BY sequence LIMIT ?",
            [sequence, limit],
        )
        return [(row[0], row[1]) for row in rows]

    def take_deliveries(self, now_ms: int, until_ms: int, limit: int) -> list[Delivery]:
        """Deliveries whose time has come, longest waiting first; they are not due again before `until_ms`."""
        rows = self._db.execute(
            "SELECT d.id, e.body, d.attempts, d.first_at_ms FROM deliveries d JOIN events e USING (sequence) "
            "WHERE d.next_at_ms <= ? ORDER BY d.next_at_ms, d.id LIMIT ?",
            [now_ms, limit],
        )
        taken = [Delivery(*row) for row in rows]
        self._db.executemany("UPDATE deliveries SET next_at_ms = ? WHERE id = ?", [[until_ms, one.id] for one in taken])
        return taken

    def delivered(self, delivery: Delivery, next_at_ms: int | None) -> None:
        """Counts a try; None ends the delivery."""
        self._db.execute(
            "UPDATE deliveries SET attempts = attempts + 1, next_at_ms = ? WHERE id = ?", [next_at_ms, delivery.id]
        )

    def open_deliveries(self) -> int:
        """How many webhooks are still to be taken."""
        return int(self._db.execute("SELECT count(*) FROM deliveries WHERE next_at_ms IS NOT NULL").fetchone()[0])

    def plan(self, due_at_ms: int, payment_id: str, act: str) -> None:
        """Puts an act on the agenda."""
        self._db.execute(
            "INSERT INTO agenda (due_at_ms, payment_id, act) VALUES (?, ?, ?)", [due_at_ms, payment_id, act]
        )

    def take_due(self, now_ms: int, limit: int) -> list[AgendaItem]:
        """Takes what is due off the agenda, in order."""
        rows = self._db.execute(
            "SELECT id, payment_id, act FROM agenda WHERE due_at_ms <= ? ORDER BY due_at_ms, id LIMIT ?",
            [now_ms, limit],
        )
        items = [AgendaItem(*row) for row in rows]
        self._db.executemany("DELETE FROM agenda WHERE id = ?", [[item.id] for item in items])
        return items

    def next_act_ms(self) -> int | None:
        """When the next thing happens to a payment by itself."""
        row = self._db.execute("SELECT min(due_at_ms) FROM agenda").fetchone()
        return row[0] if row else None

    def next_delivery_ms(self) -> int | None:
        """When the next webhook is to be sent."""
        row = self._db.execute("SELECT min(next_at_ms) FROM deliveries").fetchone()
        return row[0] if row else None
