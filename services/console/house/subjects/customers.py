"""Customers of the house and what they have consented to."""

from __future__ import annotations

from typing import Final

from balcon.customers.v1 import consents_service_pb2, customers_service_pb2

from services.console.house.command import Command, Subject, changing

_AUDIENCE: Final = ("customer_id", "name", "email", "phone", "language", "media")

CUSTOMERS: Final = Subject(
    "customer",
    "Customers: who buys from the house.",
    "customers",
    customers_service_pb2.DESCRIPTOR.services_by_name["CustomersService"],
    (
        Command(
            "answers",
            "GetOrderAnswers",
            "Shows what was answered in the house's form with an order.",
            arguments=("order_id",),
            columns=("label", "values", "performance_id", "seat_id"),
        ),
        Command("create", "CreateCustomer", "Writes a customer down; who is there already is shown."),
        Command(
            "list",
            "ListCustomers",
            "Lists the customers.",
            columns=("customer_id", "name", "email", "phone", "language", "created_at"),
        ),
        Command("show", "GetCustomer", "Shows a customer.", arguments=("customer_id",)),
        changing("customer", "UpdateCustomer", "GetCustomer", "Changes what is known of a customer."),
        Command(
            "merge",
            "MergeCustomers",
            "Two records are of one person: the second goes into the first.",
            arguments=("customer_id", "merged_customer_id"),
        ),
        Command(
            "export",
            "ExportCustomer",
            "Writes all that is kept of a person into a file.",
            arguments=("customer_id",),
            saves={"json": "out"},
        ),
        Command("erase", "EraseCustomer", "Removes a person, everywhere.", arguments=("customer_id",)),
        Command(
            "erased",
            "ListErasedCustomers",
            "Lists who was erased, and what stays locked until when.",
            columns=("customer_id", "erased_at", "locked_until"),
        ),
    ),
)

CONSENTS: Final = Subject(
    "consent",
    "Consents: what people are asked, and how they have answered.",
    "customers",
    consents_service_pb2.DESCRIPTOR.services_by_name["ConsentsService"],
    (
        Command("create", "CreateConsent", "Asks something new."),
        Command(
            "list",
            "ListConsents",
            "Lists what people are asked.",
            columns=("consent_id", "position", "scope", "thing_id", "medium", "text_version", "archived"),
        ),
        Command("show", "GetConsent", "Shows a question with its texts.", arguments=("consent_id",)),
        changing("consent", "UpdateConsent", "GetConsent", "Changes a question; new texts are a new version."),
        Command(
            "archive", "ArchiveConsent", "Asks nobody any more; what was answered stays.", arguments=("consent_id",)
        ),
        Command("answer", "AnswerConsents", "Notes what a customer says.", arguments=("customer_id",)),
        Command(
            "answers",
            "ListCustomerConsents",
            "Lists how a customer has answered.",
            arguments=("customer_id",),
            columns=("consent_id", "medium", "state", "text_version", "source", "changed_at"),
        ),
        Command(
            "upload",
            "UploadConsents",
            "Takes over a list of people who have consented elsewhere.",
            arguments=("consent_id", "csv"),
        ),
        Command("settings", "GetConsentSettings", "Shows how the house wants consents to be given."),
        Command("set", "SetConsentSettings", "Says whether a mail asks for a confirmation."),
        Command(
            "audience",
            "ListAudience",
            "Lists who may be spoken to.",
            columns=_AUDIENCE,
        ),
        Command(
            "granted-audience",
            "ListGrantedAudience",
            "Lists who may be spoken to by you as a promoter.",
            columns=_AUDIENCE,
        ),
    ),
)
