"""A house's account with a payment provider: what may be told of it, and which one a buyer pays at. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from services.contracts.money import refused_currency
from services.contracts.payment_refusals import ProviderAccountLocked, ProviderAccountMissing
from services.contracts.texts import refused_text
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields

# Of a house, those that were archived not counted.
MAX_ACCOUNTS: Final = 20
MAX_CURRENCIES: Final = 20
MAX_NAME_CHARS: Final = 200
MAX_NOTE_CHARS: Final = 200
# The last part of the address of Mollie's signed webhooks.
SIGNED_CHANNEL: Final = "signed"
# So long the webhook secret before counts: providers send again for as long.
SECRET_OVERLAP_MS: Final = 3 * 86_400_000
_SHOWN_CHARS: Final = 4


class ProviderKind(StrEnum):
    """Who takes the money. Values are what rows and webhook addresses keep."""

    SANDBOX = "sandbox"
    STRIPE = "stripe"
    MOLLIE = "mollie"


class AccountState(StrEnum):
    """Whether buyers pay there. Values are what the store keeps."""

    ACTIVE = "active"
    LOCKED = "locked"
    ARCHIVED = "archived"


_KEYS: Final = {
    ProviderKind.SANDBOX: re.compile(r"sbx_(?P<mode>test)_[0-9A-Za-z]{8,64}"),
    ProviderKind.STRIPE: re.compile(r"(?:sk|rk)_(?P<mode>live|test)_[0-9A-Za-z]{10,240}"),
    ProviderKind.MOLLIE: re.compile(r"(?P<mode>live|test)_[0-9A-Za-z]{20,80}"),
}
_KEY_LIMITS: Final = {
    ProviderKind.SANDBOX: "sbx_test_ and 8 to 64 letters and digits",
    ProviderKind.STRIPE: "sk_live_, sk_test_, rk_live_ or rk_test_ and letters and digits, as Stripe shows it",
    ProviderKind.MOLLIE: "live_ or test_ and letters and digits, as Mollie shows it",
}
_SECRET: Final = re.compile(r"[!-~]{6,255}")
_CONNECTED: Final = re.compile(r"acct_[0-9A-Za-z]{8,64}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What lets us in. `former_webhook_secret` counts until `former_until_ms`. Nothing here is ever told."""

    key: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)
    connected_account: str = ""
    former_webhook_secret: str = field(default="", repr=False)
    former_until_ms: int = 0

    def webhook_secrets(self, now_ms: int) -> tuple[str, ...]:
        """Those that count at the time, the newest first."""
        former = self.former_webhook_secret if now_ms < self.former_until_ms else ""
        return tuple(filter(None, (self.webhook_secret, former)))


@dataclass(frozen=True, slots=True)
class Choice:
    """What people decide about an account. `default_currencies`: buyers who pay in these pay here."""

    name: str
    is_default: bool = False
    default_currencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """Without its credentials, but for their `tail`. Times in unix milliseconds, 0: never."""

    house_id: str
    account_id: str
    provider: ProviderKind
    choice: Choice
    is_test: bool
    tail: str
    has_webhook_secret: bool
    provider_ref: str
    provider_name: str
    created_at_ms: int
    rotated_at_ms: int
    state: AccountState = AccountState.ACTIVE
    locked_at_ms: int = 0
    locked_note: str = ""
    archived_at_ms: int = 0
    revision: int = 1

    @property
    def takes_payments(self) -> bool:
        """Whether a buyer may be sent there."""
        return self.state is AccountState.ACTIVE


def webhook_url(public_url: str, account: ProviderAccount) -> str:
    """Where the provider tells what happens at the account. `public_url`: where it finds the port of webhooks."""
    return f"{public_url.rstrip('/')}/webhooks/{account.provider.value}/{account.account_id}"


def tail_of(key: str) -> str:
    """What people know a key by: its mode and its last characters, which say nothing of the rest."""
    return f"{key[: key.rindex('_') + 1]}...{key[-_SHOWN_CHARS:]}"


def is_test_key(provider: ProviderKind, key: str) -> bool:
    """Whether the key, which has the provider's form, is for play money."""
    found = _KEYS[provider].fullmatch(key)
    assert found is not None, "refused otherwise"
    return found["mode"] == "test"


def rotated(credentials: Credentials, new: Credentials, now_ms: int) -> Credentials:
    """The new ones; a webhook secret that they do not name stays, one that they replace counts a while longer."""
    if not new.webhook_secret or new.webhook_secret == credentials.webhook_secret:
        former, until_ms = credentials.former_webhook_secret, credentials.former_until_ms
        secret = credentials.webhook_secret
    else:
        former, until_ms = credentials.webhook_secret, now_ms + SECRET_OVERLAP_MS
        secret = new.webhook_secret
    return replace(new, webhook_secret=secret, former_webhook_secret=former, former_until_ms=until_ms)


def changed(account: ProviderAccount, choice: Choice) -> ProviderAccount:
    """With the new choice; no news is the same account."""
    if choice == account.choice:
        return account
    return replace(account, choice=choice, revision=account.revision + 1)


def giving_way(account: ProviderAccount, to: Choice) -> ProviderAccount:
    """Without what another account of the house is the default for from now on."""
    mine = account.choice
    currencies = tuple(one for one in mine.default_currencies if one not in to.default_currencies)
    return changed(
        account, replace(mine, is_default=mine.is_default and not to.is_default, default_currencies=currencies)
    )


def locked(account: ProviderAccount, note: str, now_ms: int) -> ProviderAccount:
    """The provider refuses its key: nothing is asked there. Only one that is active."""
    if account.state is not AccountState.ACTIVE:
        return account
    return replace(
        account,
        state=AccountState.LOCKED,
        locked_at_ms=now_ms,
        locked_note=note[:MAX_NOTE_CHARS],
        revision=account.revision + 1,
    )


def unlocked(account: ProviderAccount) -> ProviderAccount:
    """The provider takes its key again."""
    if account.state is not AccountState.LOCKED:
        return account
    return replace(account, state=AccountState.ACTIVE, locked_at_ms=0, locked_note="", revision=account.revision + 1)


def archived(account: ProviderAccount, now_ms: int) -> ProviderAccount:
    """It takes no more payments, and is nobody's default."""
    if account.state is AccountState.ARCHIVED:
        return account
    return replace(
        account,
        state=AccountState.ARCHIVED,
        choice=Choice(account.choice.name),
        archived_at_ms=now_ms,
        revision=account.revision + 1,
    )


def chosen_account(
    accounts: Sequence[ProviderAccount], currency: str, asked: str = ""
) -> ProviderAccount | Refusal | None:
    """Where a buyer pays: the account asked for, the currency's, the house's default; None: the house has none.

    One that is locked is no reason to send the money elsewhere: the house decides where its money goes.
    """
    live = [account for account in accounts if account.state is not AccountState.ARCHIVED]
    if asked:
        live = [account for account in live if account.account_id == asked]
        if not live:
            return ProviderAccountMissing(currency)
    elif not live:
        return ProviderAccountMissing(currency) if accounts else None
    best = default_account(live, currency)
    if best is None:
        return ProviderAccountMissing(currency)
    return best if best.takes_payments else ProviderAccountLocked(best.choice.name)


def default_account(live: Sequence[ProviderAccount], currency: str) -> ProviderAccount | None:
    """Where a buyer pays who chooses nothing, locked or not; None where the house has decided for none of several."""
    best = max(live, key=lambda one: (currency in one.choice.default_currencies, one.choice.is_default))
    decided = len(live) == 1 or currency in best.choice.default_currencies or best.choice.is_default
    return best if decided else None


def refused_choice(prefix: str, choice: Choice) -> FieldInvalid | None:
    """All that is wrong with what people decide about an account, else None."""
    return refused_fields(
        (refused_name(f"{prefix}name", choice.name), refused_currencies(f"{prefix}default_currencies", choice))
    )


def refused_name(field_name: str, name: str) -> FieldInvalid | None:
    """The refusal for a name that is none, else None."""
    return refused_text(field_name, name, at_most=MAX_NAME_CHARS)


def refused_currencies(field_name: str, choice: Choice) -> FieldInvalid | None:
    """The refusal for currencies of which one is none or comes twice, else None."""
    limit = f"at most {MAX_CURRENCIES}, each once"
    found = choice.default_currencies
    if len(found) > MAX_CURRENCIES:
        return FieldInvalid(field_name, f"has {len(found)}", limit)
    if len(set(found)) < len(found):
        return FieldInvalid(field_name, "has one twice", limit)
    return next(filter(None, (refused_currency(field_name, one) for one in found)), None)


def refused_credentials(prefix: str, provider: ProviderKind | None, new: Credentials) -> FieldInvalid | None:
    """All that is wrong with the form of credentials, else None. They are never repeated."""
    return refused_fields(
        (
            _refused_key(f"{prefix}key", provider, new.key),
            _refused_form(f"{prefix}webhook_secret", new.webhook_secret, _SECRET, "6 to 255 printed characters"),
            _refused_form(f"{prefix}connected_account", new.connected_account, _CONNECTED, "acct_ and its id"),
            _refused_connected(f"{prefix}connected_account", provider, new.connected_account),
        )
    )


def _refused_key(field_name: str, provider: ProviderKind | None, key: str) -> FieldInvalid | None:
    if not key:
        return FieldInvalid(field_name, UNSET, "the API key, as the provider shows it")
    if provider is None or _KEYS[provider].fullmatch(key):
        return None
    return FieldInvalid(field_name, "has not the form of a key", _KEY_LIMITS[provider])


def _refused_form(field_name: str, value: str, form: re.Pattern[str], limit: str) -> FieldInvalid | None:
    return None if not value or form.fullmatch(value) else FieldInvalid(field_name, "has not the form of one", limit)


def _refused_connected(field_name: str, provider: ProviderKind | None, value: str) -> FieldInvalid | None:
    if not value or provider in (None, ProviderKind.STRIPE):
        return None
    return FieldInvalid(field_name, f"means nothing to {provider.value}" if provider else "", "only with Stripe")
