"""R2.1: a house signs up by a short form, over real gRPC and PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.runtime.testing.refusals import refusal
from tests.integration.accounts.stage import Accounts, sign_up_request


async def test_r2_1_a_house_signs_up_with_a_subdomain_label(accounts: Accounts) -> None:
    made = await accounts.stub.SignUp(sign_up_request("genovacircus"))
    assert made.house.house_id.startswith("hse_")
    assert (made.house.label, made.house.time_zone, made.house.currency) == ("genovacircus", "Europe/Amsterdam", "EUR")
    assert list(made.house.languages) == ["nl", "en"]
    assert (made.person.email, made.person.language) == ("owner@genovacircus.example", "nl")
    assert await accounts.rows("SELECT house_id, person_id, roles FROM memberships") == [
        (made.house.house_id, made.person.person_id, ["owner"])
    ]


@pytest.mark.parametrize(
    ("label", "problem"),
    [
        ("genova.circus", "dot"),
        ("genova.example.com", "dot"),
        ("https://genova", "dot"),
        ("Genova", "upper case"),
        ("", "must be set"),
        ("x" * 64, "64 characters"),
        ("-genova", "hyphen"),
        ("genova_circus", "cannot have"),
        ("www", "reserved"),
        ("api", "reserved"),
        ("admin", "reserved"),
        ("xn--genova", "reserved"),
    ],
)
async def test_r2_1_what_is_no_label_is_refused_in_words(accounts: Accounts, label: str, problem: str) -> None:
    refused = await refusal(accounts.stub.SignUp(sign_up_request("genova", label=label)))
    assert (refused.reason, refused.code) == ("FIELD_INVALID", grpc.StatusCode.INVALID_ARGUMENT)
    assert refused.facts["field"] == "label"
    assert problem in refused.facts["problem"]
    assert "63" in refused.facts["limit"]
    assert await accounts.rows("SELECT label FROM houses") == []


async def test_r2_1_a_taken_label_is_refused_and_nothing_of_the_sign_up_stays(accounts: Accounts) -> None:
    await accounts.sign_up("genova")
    refused = await refusal(accounts.sign_up("genova", "other@theatre.example"))
    assert (refused.reason, refused.code) == ("IDEMPOTENCY_KEY_REUSED", grpc.StatusCode.ALREADY_EXISTS)
    again = sign_up_request("genova", key="another", email="other@theatre.example")
    refused = await refusal(accounts.stub.SignUp(again))
    assert (refused.reason, refused.facts) == ("LABEL_TAKEN", {"label": "genova"})
    assert await accounts.rows("SELECT email FROM people") == [("owner@genova.example",)]


async def test_everything_that_is_wrong_is_told_at_once(accounts: Accounts) -> None:
    wrong: dict[str, Any] = {
        "label": "A.b",
        "house_name": "",
        "time_zone": "Europe/Atlantis",
        "currency": "eur",
        "languages": ["fr"],
        "person_name": "x" * 201,
        "email": "nobody",
        "password": "short",
    }
    refused = await refusal(accounts.stub.SignUp(sign_up_request("genova", **wrong)))
    assert [violation.field for violation in refused.violations] == list(wrong)
    assert "short" not in refused.message


async def test_a_sign_up_that_comes_again_makes_one_house(accounts: Accounts) -> None:
    first = await accounts.stub.SignUp(sign_up_request("genova"))
    again = await asyncio.gather(*(accounts.stub.SignUp(sign_up_request("genova")) for _ in range(3)))
    assert again == [first] * 3
    assert await accounts.rows("SELECT count(*) FROM houses") == [(1,)]


async def test_nothing_that_is_kept_of_a_sign_up_helps_to_guess_its_password(accounts: Accounts) -> None:
    """The hash of a request is a fast one: with a password in it, it could be guessed by whoever reads the table."""
    first = await accounts.stub.SignUp(sign_up_request("genova"))
    assert await accounts.stub.SignUp(sign_up_request("genova", password="quite another password")) == first
    await accounts.log_in("owner@genova.example")


async def test_an_address_belongs_to_one_person_however_it_is_written(accounts: Accounts) -> None:
    await accounts.sign_up("genova", "Ada@Theatre.example")
    refused = await refusal(accounts.sign_up("milano", "ada@theatre.EXAMPLE"))
    assert (refused.reason, refused.code) == ("EMAIL_TAKEN", grpc.StatusCode.ALREADY_EXISTS)
    assert await accounts.rows("SELECT label FROM houses") == [("genova",)]


async def test_a_password_is_kept_as_argon2id_only(accounts: Accounts) -> None:
    await accounts.sign_up("genova")
    [(kept,)] = await accounts.rows("SELECT password_hash FROM people")
    assert kept.startswith("$argon2id$")
    dump = await accounts.rows("SELECT p::text FROM people p UNION ALL SELECT k::text FROM idempotency_keys k")
    assert not [row for (row,) in dump if "correct horse" in row or b"correct horse".hex() in row]


async def test_what_a_house_says_of_itself_goes_to_every_service(accounts: Accounts) -> None:
    made = await accounts.sign_up("genova")
    events = await accounts.rows("SELECT topic, key, type, house_id FROM outbox ORDER BY id")
    house_id = made.house.house_id
    assert events == [
        ("balcon.accounts.v1", house_id, "balcon.accounts.v1.HouseChanged", house_id),
        ("balcon.acts.v1", house_id, "balcon.acts.v1.ActDone", house_id),
    ]


async def test_a_house_is_found_by_its_label(accounts: Accounts) -> None:
    made = await accounts.sign_up("genova")
    found = await accounts.stub.GetHouseByLabel(pb.GetHouseByLabelRequest(label="genova"))
    assert found.house == made.house
    refused = await refusal(accounts.stub.GetHouseByLabel(pb.GetHouseByLabelRequest(label="Genova")))
    assert (refused.reason, refused.code) == ("LABEL_NOT_FOUND", grpc.StatusCode.NOT_FOUND)


async def test_the_audit_finds_a_house_that_nobody_owns(accounts: Accounts) -> None:
    await accounts.sign_up("genova")
    assert [violation for check in await accounts.audit() for violation in check.violations] == []
    await accounts.damage("UPDATE memberships SET roles = '{door}'")
    [found] = [violation for check in await accounts.audit() for violation in check.violations]
    assert "has no owner" in found
