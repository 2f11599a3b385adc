"""A tracker and its credentials make the account that the server speaks as."""

from __future__ import annotations

import json

import pytest

from services.integrations.trackers.domain.accounts import account_of
from services.integrations.trackers.domain.conversion import (
    Account,
    GoogleAccount,
    MetaAccount,
    RefreshToken,
    ServiceAccount,
    XAccount,
)
from services.integrations.trackers.domain.tracker import (
    Credentials,
    GoogleDestination,
    Tracker,
    TrackerIds,
    TrackerKind,
)

GOOGLE = GoogleDestination("1234567890", "111", "222", "999")
KEY_FILE = json.dumps({"type": "service_account", "client_email": "a@iam.example", "private_key": "-----KEY-----"})


def tracker(kind: TrackerKind, ids: TrackerIds) -> Tracker:
    return Tracker("hou_one", "trk_one", kind, "ours", ids, "…", archived=False, revision=1)


@pytest.mark.parametrize(
    ("kind", "ids", "values", "account"),
    [
        (
            TrackerKind.META_PIXEL,
            TrackerIds("100200300"),
            {"access_token": "EAAG", "test_event_code": "TEST1"},
            MetaAccount("100200300", "EAAG", "TEST1"),
        ),
        (
            TrackerKind.GOOGLE_ADS,
            TrackerIds("AW-123456", "start-label", "sold-label", GOOGLE),
            {"service_account_key": KEY_FILE},
            GoogleAccount("1234567890", "111", "222", ServiceAccount("a@iam.example", "-----KEY-----"), "999"),
        ),
        (
            TrackerKind.GOOGLE_ADS,
            TrackerIds("AW-123456", "start-label", "sold-label", GOOGLE),
            {"oauth_client": "c", "oauth_client_secret": "s", "oauth_refresh_token": "r"},
            GoogleAccount("1234567890", "111", "222", RefreshToken("c", "s", "r"), "999"),
        ),
        (
            TrackerKind.GOOGLE_ADS,
            TrackerIds("AW-123456", "start-label", "sold-label", GOOGLE),
            {"service_account_key": "{no json"},
            GoogleAccount("1234567890", "111", "222", ServiceAccount("", ""), "999"),
        ),
        (
            TrackerKind.X_PIXEL,
            TrackerIds("o8z6j", "tw-o8z6j-aaaa", "tw-o8z6j-bbbb"),
            {"consumer_key": "k", "consumer_secret": "s", "token": "t", "token_secret": "u"},
            XAccount("o8z6j", "tw-o8z6j-aaaa", "tw-o8z6j-bbbb", "k", "s", "t", "u"),
        ),
        (TrackerKind.META_PIXEL, TrackerIds("100200300"), {}, None),
        (TrackerKind.GOOGLE_ADS, TrackerIds("AW-123456", "a", "b"), {"service_account_key": KEY_FILE}, None),
        (TrackerKind.GOOGLE_TAG_MANAGER, TrackerIds("GTM-ABCD"), {"access_token": "x"}, None),
    ],
)
def test_each_kind_speaks_as_its_own(
    kind: TrackerKind, ids: TrackerIds, values: dict[str, str], account: Account | None
) -> None:
    assert account_of(tracker(kind, ids), Credentials(values)) == account


def test_no_account_shows_its_secrets() -> None:
    secrets = {"consumer_key": "k", "consumer_secret": "secret-1", "token": "secret-2", "token_secret": "secret-3"}
    found = account_of(tracker(TrackerKind.X_PIXEL, TrackerIds("o8z6j")), Credentials(secrets))
    assert "secret-" not in repr(found)
