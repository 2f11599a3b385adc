"""Ids and credentials of trackers by their form: each fault is told, all at once, and never a word of a secret."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.integrations.trackers.domain.tracker import (
    Credentials,
    GoogleDestination,
    TrackerIds,
    TrackerKind,
    refused_credentials,
    refused_ids,
)
from tests.unit.integrations.trackers.samples import IDS

META, ADS, GTM, X = TrackerKind
GOOGLE = GoogleDestination("1234567890", "111", "222", "333")
SECRET = "EAAG-a-secret-of-meta-0123456789"


def faults(kind: TrackerKind, ids: TrackerIds) -> list[str]:
    refused = refused_ids(kind, ids)
    return [fault.field for fault in refused.violations()] if refused else []


@pytest.mark.parametrize("kind", TrackerKind)
def test_ids_of_the_companies_forms_are_taken(kind: TrackerKind) -> None:
    assert faults(kind, IDS[kind]) == []


@pytest.mark.parametrize(
    ("kind", "account"),
    [
        (META, "12345a"),
        (META, "0123456789"),
        (META, ""),
        (ADS, "123456789"),
        (ADS, "aw-123456789"),
        (GTM, "GTM-abc"),
        (GTM, "GTM-ABC</script>"),
        (GTM, "G-ABC1234"),
        (X, "O5H34"),
        (X, "o5h34\n"),
    ],
)
def test_an_account_of_another_form_is_refused(kind: TrackerKind, account: str) -> None:
    assert "account" in faults(kind, replace(IDS[kind], account=account))


def test_all_faults_are_told_at_once() -> None:
    wrong = TrackerIds("x", "short", "short", GoogleDestination(customer="12-34"))
    assert faults(ADS, wrong) == [
        "account",
        "start_event",
        "purchase_event",
        "purchase_event",
        "google.customer",
        "google.start_action",
        "google.purchase_action",
    ]


def test_what_a_kind_does_not_have_must_be_empty() -> None:
    full = TrackerIds("123456789012345", "startLabel1", "doneLabel1", GOOGLE)
    google = [f"google.{name}" for name in ("customer", "start_action", "purchase_action", "login_customer")]
    assert faults(META, full) == ["start_event", "purchase_event", *google]
    assert faults(ADS, replace(IDS[ADS], google=GOOGLE)) == []


def test_an_event_of_x_is_of_its_own_pixel() -> None:
    assert faults(X, replace(IDS[X], start_event="tw-other-start")) == ["start_event"]


def told(kind: TrackerKind, **values: str) -> list[tuple[str, str]]:
    refused = refused_credentials(kind, Credentials(values), "credentials")
    return [(fault.field, fault.description) for fault in refused.violations()] if refused else []


def test_credentials_are_one_whole_set_of_the_kinds_own() -> None:
    assert told(META) == told(META, access_token=SECRET) == told(META, access_token=SECRET, test_event_code="T1") == []
    assert told(ADS, service_account_key='{"client_email": "a"}') == []
    assert told(ADS, oauth_client="a", oauth_client_secret="b", oauth_refresh_token="c") == []
    assert told(X, consumer_key="a", consumer_secret="b", token="c", token_secret="d") == []
    for kind, values in (
        (META, {"token": "a"}),
        (ADS, {"oauth_client": "a"}),
        (GTM, {"token": "a"}),
        (X, {"token": "a"}),
    ):
        assert told(kind, **values)[0][0] == "credentials"


def test_a_refusal_tells_no_word_of_a_secret_and_a_hint_only_its_end() -> None:
    [(field, words)] = told(META, access_token=f"{SECRET} with blanks")
    assert field == "credentials.access_token"
    assert SECRET not in words
    credentials = Credentials({"access_token": SECRET, "test_event_code": "T" * 99})
    assert credentials.hint() == "…6789"
    assert SECRET not in repr(credentials)
    assert Credentials({"access_token": "short"}).hint() == "…"
    assert Credentials().hint() == ""
