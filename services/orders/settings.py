"""Settings of the orders service, prefix BALCON_ORDERS_."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.contracts.bounds import HOLD_GRACE_SECONDS
from services.runtime.seal import sealing_secrets
from services.runtime.settings import BusSettings


class OrdersSettings(BusSettings):
    """See ServiceSettings for what every service has."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_prefix="BALCON_ORDERS_")

    database_pool_size: int = Field(12, ge=4, le=200, description="Size of the connection pool of this process.")
    inventory_target: str = Field(description="host:port[,host:port] of any inventory nodes.")
    catalogue_target: str = Field(description="host:port of the catalogue.")
    payments_target: str = Field(description="host:port of payments.")
    ticketing_target: str = Field(description="host:port of ticketing.")
    customers_target: str = Field(description="host:port of customers.")
    payment_window_seconds: int = Field(
        900, ge=5, le=86_400, description="Time to pay after check-out; then the order is cancelled (R2.7)."
    )
    hold_grace_seconds: int = Field(
        HOLD_GRACE_SECONDS,
        ge=0,
        le=300,
        description="Grace period after the end of its hold that was shown, before an open order is expired.",
    )
    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first signs quotes of prices, all of them "
        "are believed."
    )
    quote_seconds: int = Field(600, ge=30, le=3_600, description="How long a price that was quoted holds.")
    call_timeout_seconds: float = Field(4.0, gt=0, le=60, description="Timeout of one call to another service.")
    lease_seconds: int = Field(
        12, ge=2, le=600, description="TTL of the lease on an order: after it another process takes the order over."
    )
    saga_concurrency: int = Field(256, ge=1, le=1_000, description="Most orders in the saga's loop at once.")
    checkout_concurrency: int = Field(
        256, ge=1, le=10_000, description="Most check-outs in progress at once; more are refused as OVERLOADED."
    )
    saga_interval_seconds: float = Field(
        0.25, gt=0, le=60, description="Polling interval of the saga's loop when nothing wakes it."
    )
    payment_poll_seconds: int = Field(
        20, ge=1, le=3_600, description="Polling interval of a payment whose events do not come."
    )
    longest_retry_seconds: int = Field(
        15, ge=1, le=3_600, description="Upper bound of the retry backoff of an unanswered call."
    )
    catalogue_ttl_seconds: float = Field(
        3.0, ge=0, le=300, description="TTL of the cache of performances and their prices."
    )
    refund_orders_per_second: int = Field(
        250, ge=1, le=5_000, description="Most orders a second that the refund of a whole performance takes on."
    )
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    overdue_seconds: int = Field(
        600, ge=1, le=86_400, description="Time in PAID or REFUND_DUE after which the audit reports an order (INV-3)."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_ORDERS_SEALING_SECRETS", self.sealing_secrets.get_secret_value())
