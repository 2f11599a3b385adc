"""The payments database as SQLAlchemy tables. Each row that is a house's names the house."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.contracts.answer_rows import answer_table
from services.runtime.outbox.tables import outbox_tables
from services.runtime.sql.engine import new_metadata

# Of payments with refunds that are owed; their index serves who asks in these words.
HAS_OPEN_REFUNDS = """refunds @? '$[*] ? (@."state" == "DUE" || @."state" == "STUCK")'"""

METADATA = new_metadata()

PAYMENTS = Table(
    "payments",
    METADATA,
    Column("payment_id", String(64), primary_key=True),
    Column("house_id", String(64), nullable=False),
    Column("idempotency_key", String(128), nullable=False),
    Column("request_hash", String(64), nullable=False),
    Column("order_id", String(64), nullable=False),
    Column("performance_id", String(64), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("return_url", String(2048), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("provider", String(32), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("provider_ref", String(255)),
    Column("pay_url", String(2048), nullable=False),
    Column("reason", String(255), nullable=False),
    Column("succeeded_at_ms", BigInteger),
    Column("ended_at_ms", BigInteger),
    Column("cancel_asked_at_ms", BigInteger),
    Column("refund_state", String(16), nullable=False),
    Column("refund_key", String(128)),
    Column("refund_attempt", Integer, nullable=False),
    Column("refund_due_at_ms", BigInteger),
    Column("refunded_at_ms", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at_ms", BigInteger),
    Column("version", BigInteger, nullable=False),
    # Defaults for processes of the release before, which do not know these.
    Column("refund_refusals", Integer, nullable=False, server_default="0"),
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    Column("dispute_state", String(16), nullable=False, server_default="NONE"),
    Column("disputed_minor", BigInteger, nullable=False, server_default="0"),
    Column("provider_account_id", String(64), nullable=False, server_default=""),
    Column("authorised_at_ms", BigInteger),
    Column("method", String(32), nullable=False, server_default=""),
    # NULL: none. Of each [performance, tickets, the most that one card may pay for]; and which was passed.
    Column("limits", JSONB(none_as_null=True)),
    Column("over_limit", JSONB(none_as_null=True)),
    Column("instrument", String(64), nullable=False, server_default=""),
    Column("refunds", JSONB, nullable=False, server_default="[]"),
    Column("charges", JSONB, nullable=False, server_default="[]"),
    CheckConstraint("amount_minor >= 1", name="amount"),
    CheckConstraint("state IN ('CREATING', 'PENDING', 'AUTHORISED', 'SUCCEEDED', 'FAILED', 'CANCELLED')", name="state"),
    CheckConstraint(
        "(state = 'AUTHORISED' AND authorised_at_ms IS NOT NULL)"
        " OR (state <> 'AUTHORISED' AND (authorised_at_ms IS NULL OR state IN ('FAILED', 'CANCELLED')))",
        name="authorised",
    ),
    CheckConstraint("refund_state IN ('NONE', 'DUE', 'STUCK', 'SUCCEEDED')", name="refund_state"),
    CheckConstraint("dispute_state IN ('NONE', 'OPEN', 'WON', 'LOST')", name="dispute_state"),
    CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name="refunded"),
    CheckConstraint("refund_state = 'NONE' OR state = 'SUCCEEDED'", name="refund_of_captured"),
    Index("uq_payments_house_id_idempotency_key", "house_id", "idempotency_key", unique=True),
    Index(
        "uq_payments_house_id_refund_key",
        "house_id",
        "refund_key",
        unique=True,
        postgresql_where=text("refund_key IS NOT NULL"),
    ),
    Index(
        "uq_payments_provider_provider_ref",
        "provider",
        "provider_ref",
        unique=True,
        postgresql_where=text("provider_ref IS NOT NULL"),
    ),
    Index("ix_payments_house_id_order_id", "house_id", "order_id"),
    Index("ix_payments_performance_id", "performance_id"),
    Index(
        "ix_payments_waiting_for_people",
        "payment_id",
        postgresql_where=text("refund_state = 'STUCK' OR dispute_state = 'OPEN'"),
    ),
    Index("ix_payments_refunds_open", "payment_id", postgresql_where=text(HAS_OPEN_REFUNDS)),
    Index("ix_payments_authorised", "authorised_at_ms", postgresql_where=text("authorised_at_ms IS NOT NULL")),
    Index(
        "ix_payments_next_attempt_at_ms",
        "next_attempt_at_ms",
        postgresql_where=text("next_attempt_at_ms IS NOT NULL"),
    ),
)

# Under which keys refunds were asked for, and of which payment each is: a key has one meaning in a house.
REFUND_KEYS = Table(
    "refund_keys",
    METADATA,
    Column("house_id", String(64), primary_key=True),
    Column("refund_key", String(128), primary_key=True),
    Column("payment_id", String(64), nullable=False),
)

# The inbox. `provider` is whose events they are: the id of a house's account, or the name of the deployment's own
# provider. An event names no house until it is worked off: only our own record tells whose payment it is about.
WEBHOOK_EVENTS = Table(
    "provider_notices",
    METADATA,
    Column("provider", String(64), primary_key=True),
    Column("event_id", String(255), primary_key=True),
    Column("payment_ref", String(255), nullable=False),
    Column("house_id", String(64)),
    Column("received_at_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at_ms", BigInteger, nullable=False),
    Column("settled_at_ms", BigInteger),
    Column("outcome", String(16)),
    Index(
        "ix_provider_notices_next_attempt_at_ms",
        "provider",
        "next_attempt_at_ms",
        postgresql_where=text("settled_at_ms IS NULL"),
    ),
    Index(
        "ix_provider_notices_due",
        "next_attempt_at_ms",
        postgresql_where=text("settled_at_ms IS NULL"),
    ),
    Index("ix_provider_notices_settled_at_ms", "settled_at_ms", postgresql_where=text("settled_at_ms IS NOT NULL")),
)

CURSORS = Table(
    "provider_cursors",
    METADATA,
    Column("provider", String(64), primary_key=True),
    Column("cursor", String(255), nullable=False),
    Column("next_listing_at_ms", BigInteger, nullable=False),
)

# How many tickets of a performance one card, by its keyed hash, has paid for at the house.
INSTRUMENT_USES = Table(
    "instrument_uses",
    METADATA,
    Column("house_id", String(64), primary_key=True),
    Column("instrument", String(64), primary_key=True),
    Column("performance_id", String(64), primary_key=True),
    Column("used", Integer, nullable=False),
    CheckConstraint("used >= 0", name="used"),
)

# A code is money: it is found by its hash, and read again only by opening what is sealed.
VOUCHERS = Table(
    "vouchers",
    METADATA,
    Column("voucher_id", String(64), primary_key=True),
    Column("house_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("value_minor", BigInteger, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("tail", String(8), nullable=False),
    Column("code_hash", LargeBinary, nullable=False),
    Column("code_sealed", LargeBinary, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("valid_from_ms", BigInteger),
    Column("valid_until_ms", BigInteger),
    Column("is_stopped", Boolean, nullable=False),
    Column("note", String(200), nullable=False),
    Column("refund_of", String(64), nullable=False),
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("kind IN ('VOUCHER', 'GIFT_CARD')", name="kind"),
    CheckConstraint("balance_minor >= 0", name="balance"),
    CheckConstraint("value_minor >= 1", name="value"),
    Index("uq_vouchers_house_id_code_hash", "house_id", "code_hash", unique=True),
    Index("ix_vouchers_house_id_created_at_ms", "house_id", "created_at_ms", "voucher_id"),
)

# The ledger: a voucher's balance is the sum of its entries. What is told twice is written once.
VOUCHER_ENTRIES = Table(
    "voucher_entries",
    METADATA,
    Column("entry_id", BigInteger, Identity(always=True), primary_key=True),
    Column("house_id", String(64), nullable=False),
    Column("voucher_id", String(64), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("payment_id", String(64), nullable=False),
    Column("key", String(128), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("who", String(128), nullable=False),
    CheckConstraint(
        "kind IN ('MADE', 'RESERVED', 'RELEASED', 'TAKEN', 'RETURNED', 'CORRECTED')",
        name="kind",
    ),
    Index("uq_voucher_entries_once", "voucher_id", "payment_id", "kind", "key", unique=True),
    Index("ix_voucher_entries_payment_id", "payment_id"),
)

# How many wrong codes a caller has given since then.
VOUCHER_GUESSES = Table(
    "voucher_guesses",
    METADATA,
    Column("house_id", String(64), primary_key=True),
    Column("caller", String(128), primary_key=True),
    Column("since_ms", BigInteger, nullable=False),
    Column("wrong", Integer, nullable=False),
)

OUTBOX = outbox_tables(METADATA)

# Accounts that houses have with payment providers.
PROVIDER_ACCOUNTS = Table(
    "provider_accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("house_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("default_currencies", ARRAY(Text), nullable=False),
    Column("is_test", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    # The credentials as JSON, sealed; their tail for people.
    Column("credentials", LargeBinary, nullable=False),
    Column("tail", Text, nullable=False),
    Column("has_webhook_secret", Boolean, nullable=False),
    Column("provider_ref", Text, nullable=False),
    Column("provider_name", Text, nullable=False),
    Column("locked_at_ms", BigInteger, nullable=False),
    Column("locked_note", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("rotated_at_ms", BigInteger, nullable=False),
    Column("archived_at_ms", BigInteger, nullable=False),
    Column("revision", BigInteger, nullable=False),
    CheckConstraint("state IN ('active', 'locked', 'archived')", name="state"),
    CheckConstraint("NOT is_default OR state <> 'archived'", name="default_is_live"),
)
Index("ix_provider_accounts_house_id", PROVIDER_ACCOUNTS.c.house_id, PROVIDER_ACCOUNTS.c.created_at_ms)
# Buyers of a house are sent to one account unless something else is said.
Index(
    "uq_provider_accounts_default",
    PROVIDER_ACCOUNTS.c.house_id,
    unique=True,
    postgresql_where=PROVIDER_ACCOUNTS.c.is_default,
)

IDEMPOTENCY_KEYS = answer_table(METADATA)

# What a house's provider has and we do not know.
UNKNOWN_PAYMENTS = Table(
    "unknown_payments",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("payment_ref", Text, primary_key=True),
    Column("house_id", Text, nullable=False),
    Column("named_payment_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("first_seen_at_ms", BigInteger, nullable=False),
    Column("last_seen_at_ms", BigInteger, nullable=False),
    Index("ix_unknown_payments_house_id", "house_id", "first_seen_at_ms", "payment_ref"),
)
