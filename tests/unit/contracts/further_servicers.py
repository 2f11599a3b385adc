"""Servicers of payments and of the integrations, with nothing behind their validators."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from services.contracts.outbound_servicer import OutboundServicer
from services.integrations.mailchimp.api.mailchimp_servicer import MailchimpServicer
from services.integrations.podiumkunst.api.links_servicer import LinksHandlers, PodiumkunstLinksServicer
from services.integrations.trackers.api.trackers_servicer import TrackersServicer
from services.integrations.trackers.api.visits_servicer import VisitsServicer
from services.integrations.trackers.handlers.trackers import TrackerHandler
from services.integrations.webhooks.adapters.event_catalogue import event_types
from services.integrations.webhooks.api.webhooks_servicer import WebhooksServicer
from services.integrations.webhooks.domain.target_url import TargetRules
from services.payments.api.payments_servicer import PaymentsServicer
from services.payments.api.provider_accounts_servicer import ProviderAccountsServicer
from services.payments.api.refund_tasks_servicer import RefundTasksServicer
from services.payments.api.vouchers_servicer import VouchersServicer
from services.payments.handlers.payment_desk import PaymentDesk
from services.payments.handlers.payment_methods import MethodDesk
from services.payments.handlers.provider_accounts import ProviderAccountHandler
from services.payments.handlers.refund_tasks import RefundTasks
from services.payments.handlers.vouchers import VoucherHandler
from services.runtime.ids import SeededIds
from tests.unit.contracts.good_values import CLOCK

IDS = SeededIds(2)


def of_payments(store: Any, behind: type[Any]) -> Mapping[str, Any]:
    """Of payments; `behind`: what a store is made of that says more."""

    class NoPayments(behind):  # type: ignore[misc]
        """A store in which nothing is recorded yet."""

        async def find_by_key(self, *_: Any) -> None:
            return None

    desk = PaymentDesk(
        driver=store, store=NoPayments(), new_vouchers=store, tills=store, clock=CLOCK, ids=IDS, first_look_seconds=1.0
    )
    accounts = ProviderAccountHandler(store, store, clock=CLOCK, ids=IDS, on_change=lambda _house, _account: None)
    return {
        "PaymentsService": PaymentsServicer(desk, MethodDesk(store, CLOCK)),
        "RefundTasksService": RefundTasksServicer(RefundTasks(store=store, driver=store, clock=CLOCK, ids=IDS)),
        "VouchersService": VouchersServicer(VoucherHandler(store, clock=CLOCK, ids=IDS), CLOCK),
        "ProviderAccountsService": ProviderAccountsServicer(accounts, store, "https://hooks.example"),
    }


def of_integrations(store: Any) -> Mapping[str, Any]:
    """Of the services that tell outside companies something."""
    return {
        "PodiumkunstLinksService": PodiumkunstLinksServicer(
            LinksHandlers(**{one.name: store for one in dataclasses.fields(LinksHandlers)})
        ),
        "TrackersService": TrackersServicer(TrackerHandler(store, IDS), store, store),
        "VisitsService": VisitsServicer(store, CLOCK),
        "WebhooksService": WebhooksServicer(store, store, event_types(), TargetRules(), CLOCK),
        "OutboundService": OutboundServicer("trackers", store, CLOCK, IDS, store),
        "MailchimpService": MailchimpServicer(store, store),
    }
