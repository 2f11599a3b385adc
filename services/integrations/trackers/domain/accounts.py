"""As whom the server speaks at a company: a tracker's ids and its opened credentials, put together. Pure."""

from __future__ import annotations

import json

from services.integrations.trackers.domain.conversion import (
    Account,
    GoogleAccount,
    MetaAccount,
    RefreshToken,
    ServiceAccount,
    XAccount,
)
from services.integrations.trackers.domain.tracker import Credentials, Tracker, TrackerKind


def account_of(tracker: Tracker, credentials: Credentials) -> Account | None:
    """None: it has no credentials, or its company is told nothing by servers."""
    values = credentials.values
    if not values:
        return None
    ids = tracker.ids
    match tracker.kind:
        case TrackerKind.META_PIXEL:
            return MetaAccount(ids.account, values.get("access_token", ""), values.get("test_event_code", ""))
        case TrackerKind.GOOGLE_ADS if ids.google.is_set:
            return GoogleAccount(
                ids.google.customer,
                ids.google.start_action,
                ids.google.purchase_action,
                _google(credentials),
                ids.google.login_customer,
            )
        case TrackerKind.X_PIXEL:
            return XAccount(
                ids.account,
                ids.start_event,
                ids.purchase_event,
                consumer_key=values.get("consumer_key", ""),
                consumer_secret=values.get("consumer_secret", ""),
                token=values.get("token", ""),
                token_secret=values.get("token_secret", ""),
            )
        case _:
            return None


def _google(credentials: Credentials) -> ServiceAccount | RefreshToken:
    values = credentials.values
    if "service_account_key" not in values:
        return RefreshToken(
            values.get("oauth_client", ""),
            values.get("oauth_client_secret", ""),
            values.get("oauth_refresh_token", ""),
        )
    try:
        said = json.loads(values["service_account_key"])
    except ValueError:
        said = None
    # What cannot be read lets nobody in: Google is asked for nothing, and the house is told.
    found = said if isinstance(said, dict) else {}
    return ServiceAccount(str(found.get("client_email", "")), str(found.get("private_key", "")))
