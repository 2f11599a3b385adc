"""The house's accounts with payment providers: where the money of a sale goes."""

from __future__ import annotations

from typing import Final

from balcon.payments.v1 import provider_accounts_pb2

from services.console.house.command import Command, Subject, changing

_SERVICE: Final = provider_accounts_pb2.DESCRIPTOR.services_by_name["ProviderAccountsService"]
_ACCOUNT: Final = ("provider_account_id",)

PROVIDERS: Final = Subject(
    "provider",
    "The house's accounts with payment providers: where the money of a sale goes.",
    "payments",
    _SERVICE,
    (
        Command("add", "CreateProviderAccount", "Adds an account; the provider is asked whether the key is good."),
        Command(
            "list",
            "ListProviderAccounts",
            "Lists the accounts.",
            columns=("provider_account_id", "provider", "name", "state", "is_test", "is_default", "default_currencies"),
        ),
        Command("show", "GetProviderAccount", "Shows an account, without its key.", arguments=_ACCOUNT),
        changing("provider_account", "UpdateProviderAccount", "GetProviderAccount", "Changes what is given."),
        Command("rotate", "RotateProviderCredentials", "Gives an account another key of the same.", arguments=_ACCOUNT),
        Command("check", "CheckProviderAccount", "Asks the provider now whether the key is good.", arguments=_ACCOUNT),
        Command(
            "unknown",
            "ListUnknownPayments",
            "Lists payments that a provider has and we do not know.",
            columns=("provider_account_id", "provider_ref", "named_payment_id", "status", "amount", "last_seen_at"),
        ),
        Command("archive", "ArchiveProviderAccount", "Takes no more payments there, for good.", arguments=_ACCOUNT),
    ),
)
