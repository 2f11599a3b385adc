"""Which account a buyer pays at, what makes way for what, and what is told of a key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.contracts.payment_refusals import ProviderAccountLocked, ProviderAccountMissing
from services.payments.domain.provider_account import (
    SECRET_OVERLAP_MS,
    AccountState,
    Choice,
    Credentials,
    ProviderAccount,
    ProviderKind,
    archived,
    chosen_account,
    giving_way,
    locked,
    refused_credentials,
    rotated,
    tail_of,
    unlocked,
)

KEY = "live_" + "0123456789" * 3


def account(account_id: str, *currencies: str, default: bool = False) -> ProviderAccount:
    return ProviderAccount(
        house_id="house_1",
        account_id=account_id,
        provider=ProviderKind.MOLLIE,
        choice=Choice(account_id, default, currencies),
        is_test=False,
        tail=tail_of(KEY),
        has_webhook_secret=False,
        provider_ref="pfl_1",
        provider_name="Theatre",
        created_at_ms=1,
        rotated_at_ms=1,
    )


HOUSES, DOLLARS = account("houses", default=True), account("dollars", "USD")


@pytest.mark.parametrize(
    ("accounts", "currency", "asked", "chosen"),
    [
        ((), "EUR", "", None),
        ((HOUSES, DOLLARS), "EUR", "", HOUSES),
        ((HOUSES, DOLLARS), "USD", "", DOLLARS),
        ((HOUSES, DOLLARS), "EUR", "dollars", DOLLARS),
        ((DOLLARS,), "EUR", "", DOLLARS),
        ((account("a"), account("b")), "EUR", "", ProviderAccountMissing("EUR")),
        ((HOUSES,), "EUR", "unheard", ProviderAccountMissing("EUR")),
        ((archived(HOUSES, 5),), "EUR", "", ProviderAccountMissing("EUR")),
        ((archived(HOUSES, 5), DOLLARS), "EUR", "", DOLLARS),
        ((locked(HOUSES, "no", 5), DOLLARS), "EUR", "", ProviderAccountLocked("houses")),
        ((locked(HOUSES, "no", 5), DOLLARS), "USD", "", DOLLARS),
    ],
)
def test_r2_6_a_buyer_pays_where_the_house_said(
    accounts: tuple[ProviderAccount, ...], currency: str, asked: str, chosen: object
) -> None:
    assert chosen_account(accounts, currency, asked) == chosen


def test_what_one_account_is_the_default_for_the_others_are_not() -> None:
    before = account("a", "EUR", "USD", default=True)
    after = giving_way(before, Choice("b", is_default=True, default_currencies=("USD",)))
    assert after.choice == Choice("a", is_default=False, default_currencies=("EUR",))
    assert after.revision == before.revision + 1
    assert giving_way(after, Choice("b", is_default=True)) == after


def test_only_an_active_account_locks_and_only_a_locked_one_unlocks() -> None:
    assert unlocked(locked(HOUSES, "no", 5)).state is AccountState.ACTIVE
    assert locked(archived(HOUSES, 5), "no", 6).state is AccountState.ARCHIVED
    assert unlocked(HOUSES) == HOUSES


def test_a_webhook_secret_that_is_replaced_counts_a_while_longer() -> None:
    first = Credentials("k", webhook_secret="first")
    second = rotated(first, Credentials("k2", webhook_secret="second"), 1_000)
    assert second.webhook_secrets(1_000 + SECRET_OVERLAP_MS - 1) == ("second", "first")
    assert second.webhook_secrets(1_000 + SECRET_OVERLAP_MS) == ("second",)
    assert rotated(second, Credentials("k3"), 2_000).webhook_secrets(2_000) == ("second", "first")


def test_nothing_of_credentials_is_in_a_log_of_them() -> None:
    assert KEY not in repr(Credentials(KEY, webhook_secret=KEY, former_webhook_secret=KEY))
    assert tail_of(KEY) == "live_...6789"


@pytest.mark.parametrize(
    ("provider", "key", "is_good"),
    [
        (ProviderKind.MOLLIE, KEY, True),
        (ProviderKind.MOLLIE, "sk_live_0123456789", False),
        (ProviderKind.MOLLIE, "access_" + "0" * 30, False),
        (ProviderKind.STRIPE, "rk_live_0123456789", True),
        (ProviderKind.STRIPE, "pk_live_0123456789", False),
        (ProviderKind.SANDBOX, "sbx_test_00000000", True),
        (ProviderKind.SANDBOX, KEY, False),
    ],
)
def test_a_key_has_its_providers_form_and_is_not_repeated(provider: ProviderKind, key: str, is_good: bool) -> None:
    refused = refused_credentials("credentials.", provider, Credentials(key))
    assert (refused is None) == is_good
    assert refused is None or key not in refused.message()


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = replace(Credentials(""), webhook_secret="x", connected_account="acct_12345678")
    refused = refused_credentials("credentials.", ProviderKind.MOLLIE, wrong)
    assert refused is not None
    assert [one.field for one in refused.violations()] == [
        "credentials.key",
        "credentials.webhook_secret",
        "credentials.connected_account",
    ]
