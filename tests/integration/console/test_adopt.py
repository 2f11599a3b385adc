"""Houses from before accounts are adopted with their ids, once, and their owners get one letter (R2.1)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.console.commands.adopt import AdoptedHouse, OwnerMalformed, OwnersHouseUnknown, adopt_all, owners_of
from services.runtime.testing import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.integration.accounts.stage import Accounts, running_accounts
from tests.integration.catalogue.stage import Catalogue, running_catalogue


@dataclass(frozen=True, slots=True)
class Installation:
    """A catalogue with houses of its own making, and accounts that know none of them."""

    catalogue: Catalogue
    accounts: Accounts

    async def adopt(self, **owners: str) -> dict[str, AdoptedHouse]:
        """What `balcon adopt-houses` tells, by label."""
        targets = {
            "catalogue": self.catalogue.endpoint,
            "accounts": f"127.0.0.1:{self.accounts.service.rpc.port}",
        }
        return {one.label: one for one in await adopt_all(targets, owners)}


@pytest.fixture
async def installation(database_url: DatabaseUrl) -> AsyncIterator[Installation]:
    async with (
        running_catalogue(database_url("catalogue"), "memory://") as catalogue,
        running_accounts(database_url("accounts")) as accounts,
    ):
        for label in ("oslo", "bergen"):
            # As the catalogue wrote them before houses were accounts'.
            await catalogue.damage(
                "INSERT INTO houses (house_id, label, name, time_zone, currency, created_at_ms)"
                f" VALUES ('hse_{label}', '{label}', 'Det {label}ske', 'Europe/Oslo', 'NOK', 1)"
            )
        yield Installation(catalogue, accounts)


async def houses(accounts: Accounts) -> list[tuple[Any, ...]]:
    query = "SELECT house_id, label, name, time_zone, currency, languages, revision FROM houses ORDER BY house_id"
    return [*await accounts.rows(query)]


async def test_every_house_is_adopted_with_its_id_and_again_changes_nothing(installation: Installation) -> None:
    told = await installation.adopt()
    assert {label: (one.house_id, one.is_new) for label, one in told.items()} == {
        "oslo": ("hse_oslo", True),
        "bergen": ("hse_bergen", True),
    }
    found = await houses(installation.accounts)
    assert found == [
        ("hse_bergen", "bergen", "Det bergenske", "Europe/Oslo", "NOK", ["en"], 1),
        ("hse_oslo", "oslo", "Det osloske", "Europe/Oslo", "NOK", ["en"], 1),
    ]
    again = await installation.adopt()
    assert {one.is_new for one in again.values()} == {False}
    assert await houses(installation.accounts) == found

    async def is_in_the_log_once() -> None:
        acts = (await installation.accounts.stub.ListActs(pb.ListActsRequest(house_id="hse_oslo"))).acts
        assert [act.act for act in acts] == ["house.adopted"]

    await eventually(is_in_the_log_once)
    told_of = await installation.accounts.rows("SELECT key FROM outbox WHERE topic = 'balcon.accounts.v1'")
    assert sorted(told_of) == [("hse_bergen",), ("hse_oslo",)]


async def test_the_first_owner_is_invited_by_one_letter_and_comes_in(installation: Installation) -> None:
    accounts, owner = installation.accounts, "kari@oslo.example"
    for _ in range(2):
        told = await installation.adopt(oslo=owner)
        assert (told["oslo"].is_invited, told["bergen"].is_invited) == (True, False)
    assert await accounts.rows("SELECT house_id, email, roles FROM invitations") == [("hse_oslo", owner, ["owner"])]
    secret = await accounts.link(owner)
    kari = pb.NewPerson(name="Kari", password="correct horse battery")
    accept = pb.AcceptInvitationRequest(invitation_secret=secret, new_person=kari)
    await accounts.stub.AcceptInvitation(accept)
    # From then on whoever is named is no owner: the house's own people invite.
    told = await installation.adopt(oslo="late@oslo.example")
    assert (told["oslo"].has_members, told["oslo"].is_invited) == (True, False)
    assert len(await accounts.rows("SELECT 1 FROM invitations")) == 1


async def test_a_house_that_has_changed_since_stays_as_it_is(installation: Installation) -> None:
    await installation.adopt()
    await installation.accounts.damage("UPDATE houses SET name = 'Nationaltheatret', revision = 4")
    await installation.adopt()
    assert {row[2] for row in await houses(installation.accounts)} == {"Nationaltheatret"}


async def test_a_label_that_somebody_has_by_now_is_refused_and_nothing_is_lost(installation: Installation) -> None:
    await installation.accounts.sign_up("oslo")
    request = pb.AdoptHouseRequest(
        house_id="hse_oslo", label="oslo", name="Oslo", time_zone="Europe/Oslo", currency="NOK", languages=["nb"]
    )
    refused = await refusal(installation.accounts.stub.AdoptHouse(request))
    assert (refused.reason, refused.facts) == ("LABEL_TAKEN", {"label": "oslo"})
    assert [row[1] for row in await houses(installation.accounts)] == ["oslo"]


async def test_a_mistyped_label_changes_nothing(installation: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OwnersHouseUnknown):
        await installation.adopt(olso="kari@oslo.example")
    assert await houses(installation.accounts) == []


def test_an_owner_is_a_label_and_an_address() -> None:
    assert owners_of(["oslo=kari@oslo.example", "bergen=a=b@c.example"]) == {
        "oslo": "kari@oslo.example",
        "bergen": "a=b@c.example",
    }
    for wrong in ("oslo", "=kari@oslo.example", "oslo=", ""):
        with pytest.raises(OwnerMalformed):
            owners_of([wrong])
