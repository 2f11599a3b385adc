"""Roles and what they permit: plain data. Methods name one permission each (balcon.access.v1.access in the protos)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What somebody is in one house. Values are what stores, tokens and protos' texts keep."""

    OWNER = "owner"
    BACK_OFFICE = "back_office"
    BOX_OFFICE = "box_office"
    DOOR = "door"
    FINANCE = "finance"
    MARKETING = "marketing"


class Permission(StrEnum):
    """What a method may ask of a member of staff, in the house that its request names."""

    # The house itself: name, languages, rounding, what it asks buyers.
    HOUSE_READ = "house.read"
    HOUSE_WRITE = "house.write"
    # Memberships, invitations, roles.
    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    # Promoters' grants, and the promoters that the house has made.
    GRANTS_WRITE = "grants.write"
    # API keys of resellers.
    KEYS_WRITE = "keys.write"
    # The act log.
    ACTS_READ = "acts.read"
    CATALOGUE_READ = "catalogue.read"
    HALLS_WRITE = "halls.write"
    PRODUCTIONS_WRITE = "productions.write"
    PERFORMANCES_WRITE = "performances.write"
    # Opening and closing the sale, publishing, moving, cancelling.
    PERFORMANCES_SELL = "performances.sell"
    PRICES_WRITE = "prices.write"
    SEATS_HOLD = "seats.hold"
    SEATS_BLOCK = "seats.block"
    # Promising seats without payment (R4.8).
    SEATS_RESERVE = "seats.reserve"
    # Selling beyond a quota's cap (R4.12); the shop never does.
    SEATS_OVERBOOK = "seats.overbook"
    # Offices, allotments, what they report, their paper.
    CONTINGENTS_READ = "contingents.read"
    CONTINGENTS_WRITE = "contingents.write"
    QUOTAS_WRITE = "quotas.write"
    ORDERS_READ = "orders.read"
    ORDERS_WRITE = "orders.write"
    REFUNDS_WRITE = "refunds.write"
    REPORTS_READ = "reports.read"
    # Reports that are kept, and those that are sent by a schedule (R3.10).
    REPORTS_WRITE = "reports.write"
    # Deals with those who bring a production, and the settlements that follow from them (R3.21).
    SETTLEMENTS_WRITE = "settlements.write"
    # Those who buy, and what they have consented to.
    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    # What people are asked to consent to, and lists of those who have (R3.18, R3.19).
    CONSENTS_WRITE = "consents.write"
    # Telling a person all that is kept of them, and removing it.
    CUSTOMERS_ERASE = "customers.erase"
    # What goes to outside companies and how they answer: the ledger, what waits, how each stands.
    INTEGRATIONS_READ = "integrations.read"
    # The house's accounts with them, pausing and sending again; addresses that webhooks go to.
    INTEGRATIONS_WRITE = "integrations.write"
    # Which performance is which number on the national platform (R0.6-R0.11).
    LINKS_WRITE = "links.write"
    # Web trackers, and the performances that they are attached to (R3.13).
    TRACKERS_WRITE = "trackers.write"
    # Which consents become which lists of subscribers (R3.17).
    AUDIENCES_WRITE = "audiences.write"
    TICKETS_CHECK = "tickets.check"
    # Printing tickets, and printing them again, which voids the codes before.
    TICKETS_PRINT = "tickets.print"
    # What is sold: another name on it, another person's, another seat of its category, sent once more.
    TICKETS_WRITE = "tickets.write"
    # The house's accounts with payment providers; their credentials.
    PROVIDERS_WRITE = "providers.write"
    # Vouchers and gift cards: what is on them; making, stopping and correcting them.
    VOUCHERS_READ = "vouchers.read"
    VOUCHERS_WRITE = "vouchers.write"
    INVOICES_READ = "invoices.read"
    INVOICES_WRITE = "invoices.write"


_P = Permission
_READING = frozenset({_P.HOUSE_READ, _P.CATALOGUE_READ})
_SELLING = frozenset(
    {
        _P.SEATS_HOLD,
        _P.SEATS_BLOCK,
        _P.SEATS_RESERVE,
        _P.ORDERS_READ,
        _P.ORDERS_WRITE,
        _P.CONTINGENTS_READ,
        _P.TICKETS_PRINT,
        _P.TICKETS_WRITE,
        _P.VOUCHERS_READ,
        _P.INVOICES_READ,
        _P.INVOICES_WRITE,
        _P.CUSTOMERS_READ,
        _P.CUSTOMERS_WRITE,
    }
)
_PLANNING = frozenset(
    {
        _P.HALLS_WRITE,
        _P.PRODUCTIONS_WRITE,
        _P.PERFORMANCES_WRITE,
        _P.PERFORMANCES_SELL,
        _P.PRICES_WRITE,
        _P.GRANTS_WRITE,
        _P.CONTINGENTS_WRITE,
        _P.QUOTAS_WRITE,
        _P.SEATS_OVERBOOK,
    }
)

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.OWNER: frozenset(Permission),
    Role.BACK_OFFICE: _READING
    | _SELLING
    | _PLANNING
    | {
        _P.PEOPLE_READ,
        _P.ACTS_READ,
        _P.REFUNDS_WRITE,
        _P.REPORTS_READ,
        _P.REPORTS_WRITE,
        _P.TICKETS_CHECK,
        _P.CUSTOMERS_ERASE,
        _P.INTEGRATIONS_READ,
        _P.LINKS_WRITE,
        _P.VOUCHERS_WRITE,
    },
    Role.BOX_OFFICE: _READING | _SELLING | {_P.TICKETS_CHECK},
    Role.DOOR: frozenset({_P.CATALOGUE_READ, _P.TICKETS_CHECK}),
    Role.FINANCE: _READING
    | {_P.CONTINGENTS_READ}
    | {_P.ORDERS_READ, _P.REFUNDS_WRITE, _P.PRICES_WRITE, _P.REPORTS_READ, _P.ACTS_READ}
    | {_P.REPORTS_WRITE, _P.SETTLEMENTS_WRITE}
    | {_P.PROVIDERS_WRITE, _P.VOUCHERS_READ, _P.VOUCHERS_WRITE, _P.INVOICES_READ, _P.INVOICES_WRITE},
    Role.MARKETING: _READING
    | {_P.PRODUCTIONS_WRITE, _P.REPORTS_READ, _P.REPORTS_WRITE}
    | {_P.CUSTOMERS_READ, _P.CONSENTS_WRITE}
    | {_P.INTEGRATIONS_READ, _P.TRACKERS_WRITE, _P.AUDIENCES_WRITE},
}


def roles_with(permission: str) -> frozenset[str]:
    """The roles that have a permission; KeyError-free: an unknown one belongs to nobody."""
    return frozenset(role.value for role, permissions in PERMISSIONS.items() if permission in permissions)
