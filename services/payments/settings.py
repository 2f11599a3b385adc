"""Settings of the payments service."""

from __future__ import annotations

import hashlib

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from services.runtime.seal import sealing_secrets
from services.runtime.settings import BusSettings


class PaymentsSettings(BusSettings):
    """The payments service. Prefix BALCON_PAYMENTS_."""

    model_config = SettingsConfigDict(env_prefix="BALCON_PAYMENTS_", frozen=True, extra="ignore")

    sealing_secrets: SecretStr = Field(
        description="Random, 20 characters or more, separated by commas: the first seals the credentials of houses' "
        "accounts with payment providers, all of them open what was sealed."
    )
    sandbox_manual_capture: bool = Field(
        False, description="Whether a sandbox payment is authorised first and then captured, as at Stripe."
    )
    public_url: str = Field(
        "http://127.0.0.1:8080", pattern="^https?://", description="Where providers find the port of webhooks."
    )
    http_port: int = Field(0, ge=0, le=65_535, description="Port of the providers' webhooks; 0 takes a free one.")
    sandbox_allowed: bool = Field(
        False,
        description="Houses without an account of their own take play money at the sandbox, and may make accounts "
        "there. Never where real tickets are sold.",
    )
    sandbox_url: str = Field(
        "http://127.0.0.1:8090", pattern="^https?://", description="Where the sandbox provider's API is."
    )
    sandbox_webhook_secrets: SecretStr = Field(
        SecretStr(""),
        description="Keys of the sandbox's webhook signatures, separated by commas: two during a rotation. "
        "One is needed where the sandbox is allowed.",
    )
    stripe_url: str = Field("https://api.stripe.com", pattern="^https?://", description="Stripe's API.")
    stripe_manual_capture: bool = Field(
        True,
        description="Whether cards at Stripe are authorised first and then captured. Off, its page also offers ways "
        "to pay that cannot be authorised first, and each buyer who pays too late costs a refund.",
    )
    mollie_url: str = Field("https://api.mollie.com", pattern="^https?://", description="Where Mollie's API is.")
    mollie_timeout_seconds: float = Field(
        10.0, gt=0, le=60, description="Timeout of one call to Mollie, however its answer drips."
    )
    mollie_key_seconds: float = Field(
        3_000.0,
        ge=0,
        le=86_400,
        description="How long Mollie is trusted to know an idempotency key again: a little less than the hour it says.",
    )
    mollie_manual_capture: bool = Field(
        False, description="Whether payments at Mollie are authorised first and then captured; not all methods can."
    )
    account_listing_seconds: float = Field(
        60.0,
        ge=0.05,
        le=3_600,
        description="Interval between listings of what a house's account has at its provider.",
    )
    account_look_back_seconds: float = Field(
        3_600.0,
        ge=60,
        le=86_400,
        description="How far back a listing looks again: payments made so long ago may have changed since.",
    )
    locked_check_seconds: float = Field(
        300.0,
        ge=0.05,
        le=86_400,
        description="How often a provider is asked whether it takes a key again that it refused.",
    )
    request_key_hours: int = Field(96, ge=72, le=8_760, description="How long idempotency keys are kept (RULE 27).")
    provider_timeout_seconds: float = Field(3.0, gt=0, le=60, description="Timeout of one call to a provider.")
    uncertain_seconds: float = Field(0.5, gt=0, le=600, description="Retry backoff of an unanswered call: first wait.")
    uncertain_limit_seconds: float = Field(
        60.0, gt=0, le=3_600, description="Retry backoff of an unanswered call: longest wait."
    )
    pending_seconds: float = Field(
        5.0,
        gt=0,
        le=3_600,
        description="Polling interval of a pending payment: first wait; it doubles up to the limit.",
    )
    pending_limit_seconds: float = Field(
        300.0, gt=0, le=86_400, description="Polling interval of a pending payment: longest wait."
    )
    reconcile_interval_seconds: float = Field(
        0.5, gt=0, le=60, description="Polling interval of the reconciler when nothing is due."
    )
    listing_interval_seconds: float = Field(
        5.0,
        gt=0,
        le=3_600,
        description="Interval between listings of the provider's events, which find missed webhooks.",
    )
    watch_seconds: float = Field(
        3_600.0,
        gt=0,
        le=86_400,
        description="Polling interval of a captured payment (refunds, disputes): first wait; it doubles.",
    )
    watch_limit_seconds: float = Field(
        86_400.0, gt=0, le=2_592_000, description="Polling interval of a captured payment: longest wait."
    )
    watch_days: int = Field(180, ge=1, le=3_650, description="How long after its capture a payment is polled.")
    webhook_event_days: int = Field(
        30,
        ge=4,
        le=3_650,
        description="How long handled webhook events are kept, so that a provider's redelivery is known as one.",
    )
    refund_patience_seconds: float = Field(
        3_600.0,
        gt=0,
        le=2_592_000,
        description="Age at which the audit and an alert report a refund that nobody has taken on.",
    )
    mollie_refund_days: float = Field(
        5.0, gt=0, le=60, description="How long a refund may be on its way at Mollie before it is overdue."
    )
    stripe_refund_days: float = Field(
        10.0, gt=0, le=60, description="How long a refund may be on its way at Stripe before it is overdue."
    )

    def secrets(self) -> tuple[str, ...]:
        """The sealing secrets, at least one and none that could be guessed (ValueError)."""
        return sealing_secrets("BALCON_PAYMENTS_SEALING_SECRETS", self.sealing_secrets.get_secret_value())

    def instrument_key(self) -> bytes:
        """Makes hashes of what buyers pay with; a new sealing secret makes others of the same cards."""
        return hashlib.sha256(f"balcon.payments.instruments:{self.secrets()[0]}".encode()).digest()

    def webhook_secrets(self) -> tuple[str, ...]:
        """The keys, at least one (ValueError)."""
        secrets = tuple(
            filter(None, (part.strip() for part in self.sandbox_webhook_secrets.get_secret_value().split(",")))
        )
        if not secrets:
            message = "BALCON_PAYMENTS_SANDBOX_WEBHOOK_SECRETS names no key"
            raise ValueError(message)
        return secrets
