"""Settings of the orders service, prefix BALCON_ORDERS_."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.contracts.bounds import HOLD_GRACE_SECONDS
from services.runtime.settings import BusSettings


class OrdersSettings(BusSettings):
    """See ServiceSettings for what every service has."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="BALCON_ORDERS_")

    database_pool_size: int = Field(12, ge=4, le=200, description="Most connections this process opens.")
    inventory_target: str = Field(description="host:port[,host:port] of any inventory nodes.")
    catalogue_target: str = Field(description="host:port of the catalogue.")
    payments_target: str = Field(description="host:port of payments.")
    payment_window_seconds: int = Field(
        900, ge=5, le=86_400, description="Time to pay after check-out; then the order is given up (R2.7)."
    )
    hold_grace_seconds: int = Field(
        HOLD_GRACE_SECONDS, ge=0, le=300, description="How long after its hold's shown end an open order is looked at."
    )
    call_timeout_seconds: float = Field(4.0, gt=0, le=60, description="Longest wait for one answer of another service.")
    lease_seconds: int = Field(
        12, ge=2, le=600, description="How long a process may work on an order before another takes over."
    )
    saga_concurrency: int = Field(32, ge=1, le=1_000, description="Orders that the saga's loop takes on at once.")
    checkout_concurrency: int = Field(
        256, ge=1, le=10_000, description="Check-outs answered at once; more are refused."
    )
    saga_interval_seconds: float = Field(0.25, gt=0, le=60, description="Longest time the saga's loop sleeps.")
    payment_poll_seconds: int = Field(
        20, ge=1, le=3_600, description="How often a payment without news is asked about; events are the usual way."
    )
    longest_retry_seconds: int = Field(
        15, ge=1, le=3_600, description="Longest wait before an unanswered call is repeated."
    )
    catalogue_ttl_seconds: float = Field(
        3.0, ge=0, le=300, description="How long a performance's prices are remembered."
    )
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    overdue_seconds: int = Field(
        600, ge=1, le=86_400, description="After so long in PAID or REFUND_DUE the audit names an order (INV-3)."
    )
