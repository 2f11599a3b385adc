"""The group `balcon house`: sessions and every declared subject."""

from __future__ import annotations

from typing import Final

import typer

from services.console.house.command import Subject
from services.console.house.sessions import add_sessions
from services.console.house.shell import add_subject
from services.console.house.subjects.buyer_requests import BUYER_POLICY, REFUND_REQUESTS
from services.console.house.subjects.contingents import CONTINGENTS
from services.console.house.subjects.customers import CONSENTS, CUSTOMERS
from services.console.house.subjects.dashboards import DASHBOARDS
from services.console.house.subjects.halls import HALLS, PLANS
from services.console.house.subjects.invoices import INVOICES
from services.console.house.subjects.offices import OFFICES
from services.console.house.subjects.people import GRANTS, KEYS, ME, MEMBERS, PROMOTERS
from services.console.house.subjects.prices import (
    DISCOUNTS,
    FORM_FIELDS,
    PACKAGES,
    PASSES,
    PRICE_LISTS,
    PRICES,
    PROMOTION_CODES,
    TICKET_TYPES,
    VAT_CLASSES,
)
from services.console.house.subjects.providers import PROVIDERS
from services.console.house.subjects.quotas import QUOTAS
from services.console.house.subjects.refund_tasks import REFUND_TASKS
from services.console.house.subjects.reports import REPORTS
from services.console.house.subjects.reservations import RESERVATIONS
from services.console.house.subjects.sales import FIGURES, ORDER_ACTS, ORDERS, PAYMENTS, SEATS
from services.console.house.subjects.saved_reports import SAVED_REPORTS, SCHEDULES
from services.console.house.subjects.settlements import DEALS, SETTLEMENTS
from services.console.house.subjects.shows import PERFORMANCES, POSTERS, PRODUCTIONS
from services.console.house.subjects.the_house import THE_HOUSE
from services.console.house.subjects.tickets import TICKETS
from services.console.house.subjects.vouchers import VOUCHERS

SUBJECTS: Final[tuple[Subject, ...]] = (
    THE_HOUSE,
    MEMBERS,
    PROMOTERS,
    GRANTS,
    KEYS,
    ME,
    HALLS,
    PLANS,
    PRODUCTIONS,
    POSTERS,
    PERFORMANCES,
    PRICES,
    VAT_CLASSES,
    TICKET_TYPES,
    PRICE_LISTS,
    DISCOUNTS,
    PACKAGES,
    FORM_FIELDS,
    PASSES,
    PROMOTION_CODES,
    OFFICES,
    QUOTAS,
    ORDERS,
    ORDER_ACTS,
    BUYER_POLICY,
    REFUND_REQUESTS,
    SEATS,
    CONTINGENTS,
    RESERVATIONS,
    PAYMENTS,
    PROVIDERS,
    VOUCHERS,
    REFUND_TASKS,
    TICKETS,
    INVOICES,
    CUSTOMERS,
    CONSENTS,
    FIGURES,
    DASHBOARDS,
    SAVED_REPORTS,
    SCHEDULES,
    DEALS,
    SETTLEMENTS,
    REPORTS,
)


# Also asked by promoters, who have no house of their own: `balcon report` is `balcon house report`.
OF_EVERYBODY: Final[tuple[Subject, ...]] = (REPORTS, DASHBOARDS)


def house_app() -> typer.Typer:
    """The group with all its commands."""
    app = typer.Typer(help="What a house does: its halls, shows, prices, people and sales.", no_args_is_help=True)
    add_sessions(app)
    for subject in SUBJECTS:
        add_subject(app, subject)
    return app


def add_everybodys(app: typer.Typer) -> None:
    """Puts the subjects that are not only a house's beside `house`."""
    for subject in OF_EVERYBODY:
        add_subject(app, subject)
