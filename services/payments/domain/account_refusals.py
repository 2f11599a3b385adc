"""Why an account with a provider is not made, changed or paid at. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class ProviderAccountNotFound(Refusal):
    """There is no account {provider_account_id} with a payment provider in this house."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    provider_account_id: str


@dataclass(frozen=True, slots=True)
class ProviderAccountArchived(Refusal):
    """Account {provider_account_id} was archived: make a new one."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    provider_account_id: str


@dataclass(frozen=True, slots=True)
class ProviderKeyRefused(Refusal):
    """{provider} does not let this key in: {note}."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    provider: str
    note: str


@dataclass(frozen=True, slots=True)
class ProviderAccountDiffers(Refusal):
    """The key is of {found} at the provider, not of {wanted}: payments that are there would be lost from sight."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    wanted: str
    found: str


@dataclass(frozen=True, slots=True)
class ProviderNotOffered(Refusal):
    """This deployment does not offer {provider}."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    provider: str


@dataclass(frozen=True, slots=True)
class TooManyProviderAccounts(Refusal):
    """A house has {limit} accounts with payment providers at most: archive one first."""

    kind: ClassVar[Kind] = Kind.PRECONDITION
    limit: int
