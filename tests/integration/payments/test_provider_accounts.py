"""Houses' accounts with providers, over real HTTP, gRPC and Postgres: the sale goes on, and no money is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from balcon.payments.v1 import payments_service_pb2
from balcon.payments.v1 import provider_accounts_pb2 as pb
from balcon.payments.v1.provider_accounts_pb2_grpc import ProviderAccountsServiceStub
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import text

from services.contracts.reasons import Reason
from services.runtime.rpc.errors import refusal_of
from services.runtime.testing import eventually
from tests.doubles.company import SERVER_ERROR
from tests.doubles.mollie import PROFILE, TEST_KEY, Mollie, Profile
from tests.integration.payments.conftest import StartRig
from tests.integration.payments.rig import HOUSE, PENDING, SUCCEEDED, Rig

if TYPE_CHECKING:
    from balcon.payments.v1.provider_accounts_pb2_grpc import ProviderAccountsServiceAsyncStub

OTHER_KEY = "test_" + "e" * 30
NEW_KEY = "test_" + "f" * 30


@pytest.fixture
async def mollie() -> AsyncIterator[Mollie]:
    async with Mollie() as running:
        running.keys[OTHER_KEY] = Profile("pfl_other", "Other")
        yield running


class Counter:
    """What people of the house do with its accounts, and its buyers with their money."""

    def __init__(self, rig: Rig, mollie: Mollie) -> None:
        self.rig = rig
        self.mollie = mollie

    @property
    def stub(self) -> ProviderAccountsServiceAsyncStub:
        return ProviderAccountsServiceStub(self.rig.channel)

    async def add(self, key: str = TEST_KEY, **wanted: Any) -> pb.ProviderAccount:
        fields: dict[str, Any] = {"house_id": HOUSE, "name": "Web shop", "idempotency_key": f"add:{key}"} | wanted
        request = pb.CreateProviderAccountRequest(
            provider=pb.PROVIDER_MOLLIE, credentials=pb.ProviderCredentials(key=key), **fields
        )
        return (await self.stub.CreateProviderAccount(request)).provider_account

    async def get(self, account: pb.ProviderAccount) -> pb.ProviderAccount:
        asked = pb.GetProviderAccountRequest(house_id=account.house_id, provider_account_id=account.provider_account_id)
        return (await self.stub.GetProviderAccount(asked)).provider_account

    async def archive(self, account: pb.ProviderAccount) -> pb.ProviderAccount:
        asked = pb.ArchiveProviderAccountRequest(
            house_id=account.house_id, provider_account_id=account.provider_account_id
        )
        return (await self.stub.ArchiveProviderAccount(asked)).provider_account

    async def rotate(self, account: pb.ProviderAccount, key: str) -> pb.ProviderAccount:
        asked = pb.RotateProviderCredentialsRequest(
            idempotency_key=f"rotate:{key}",
            house_id=account.house_id,
            provider_account_id=account.provider_account_id,
            credentials=pb.ProviderCredentials(key=key),
        )
        return (await self.stub.RotateProviderCredentials(asked)).provider_account

    async def unknown(self, house_id: str = HOUSE) -> list[pb.UnknownPayment]:
        asked = pb.ListUnknownPaymentsRequest(house_id=house_id)
        return list((await self.stub.ListUnknownPayments(asked)).unknown_payments)

    async def texts(self, wanted: str) -> str:
        """Everything that the database has of this, in one text."""
        async with self.rig.engine.connect() as connection:
            return "".join(row[0] for row in await connection.execute(text(f"SELECT {wanted}")))

    async def ref(self, payment: payments_service_pb2.Payment) -> str:
        return (await self.rig.get(payment)).provider_ref


async def start_counter(start_rig: StartRig, mollie: Mollie, **settings: Any) -> Counter:
    """A rig whose houses may have accounts at this Mollie."""
    quick = {"mollie_url": mollie.url, "mollie_timeout_seconds": 30.0, "account_listing_seconds": 3_600.0}
    rig = await start_rig(settings=quick | {"locked_check_seconds": 0.1} | settings)
    return Counter(rig, mollie)


async def _refusal(call: Any) -> str:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    found = refusal_of(refused.value)
    assert found is not None, refused.value
    return found.reason


async def test_an_account_is_checked_and_its_key_is_never_told_or_kept_in_the_clear(
    start_rig: StartRig, mollie: Mollie
) -> None:
    counter = await start_counter(start_rig, mollie)
    assert await _refusal(counter.add("test_" + "0" * 30)) == Reason.PROVIDER_KEY_REFUSED
    mollie.spoil(SERVER_ERROR)
    assert await _refusal(counter.add()) == Reason.PROVIDER_SILENT
    account = await counter.add()
    assert (account.provider_ref, account.is_test, account.is_default) == (PROFILE, True, True)
    assert account.credentials_tail == "test_...dddd"
    assert await counter.add() == account, "the same request is answered alike"
    assert TEST_KEY not in str(await counter.get(account))
    rows = await counter.texts("to_jsonb(a)::text || convert_from(credentials, 'UTF8') FROM provider_accounts a")
    assert TEST_KEY not in rows
    acts, kept = (
        await counter.texts("payload::text FROM outbox"),
        await counter.texts("answer::text FROM idempotency_keys"),
    )
    for told in (acts, kept):
        assert TEST_KEY.encode().hex() not in told
    assert await _refusal(counter.rotate(account, OTHER_KEY)) == Reason.PROVIDER_ACCOUNT_DIFFERS


async def test_a_buyer_pays_at_the_houses_account_and_the_webhook_only_makes_us_ask(
    start_rig: StartRig, mollie: Mollie
) -> None:
    counter = await start_counter(start_rig, mollie, pending_seconds=3_600.0)
    account = await counter.add()
    rig = counter.rig
    payment = await rig.create()
    assert (payment.provider, payment.state) == ("mollie", PENDING)
    assert payment.provider_account_id == account.provider_account_id
    asked_before = len(mollie.asked)
    fakes = [{"id": f"tr_fake{number:08d}"} for number in range(100)]
    answers = await asyncio.gather(*(rig.http.post(account.webhook_url, data=fake) for fake in fakes))
    assert {answer.status_code for answer in answers} == {200}, "nobody learns which ids there are"
    assert await rig.webhook_events() == [], "nothing is kept of them"
    assert len(mollie.asked) == asked_before, "and Mollie hears nothing of it"
    mollie.sends_twice = True
    mollie.buyer_pays(await counter.ref(payment))
    await rig.reaches(payment, SUCCEEDED)
    await rig.refund(payment)
    await rig.is_refunded(payment)
    assert [len(one.refunds) for one in mollie.payments.values()] == [1]


async def test_what_a_lost_webhook_left_is_healed_by_the_listing_and_what_is_not_ours_is_told(
    start_rig: StartRig, mollie: Mollie
) -> None:
    counter = await start_counter(start_rig, mollie, account_listing_seconds=0.1, pending_seconds=3_600.0)
    await counter.add()
    payment = await counter.rig.create()
    mollie.sends_webhooks = False
    theirs = replace(mollie.payments[await counter.ref(payment)], id="tr_atthetill1", number=99)
    theirs.body = {**theirs.body, "metadata": None}
    mollie.payments[theirs.id] = theirs
    mollie.buyer_pays(await counter.ref(payment))
    await counter.rig.reaches(payment, SUCCEEDED)

    async def told() -> None:
        assert [(one.provider_ref, one.named_payment_id) for one in await counter.unknown()] == [(theirs.id, "")]

    await eventually(told)


async def test_a_key_revoked_in_mid_sale_locks_the_account_and_what_was_paid_is_found_with_the_next_key(
    start_rig: StartRig, mollie: Mollie
) -> None:
    counter = await start_counter(start_rig, mollie)
    account = await counter.add()
    payment = await counter.rig.create()
    mollie.revoke(TEST_KEY)
    mollie.buyer_pays(await counter.ref(payment))

    async def is_locked() -> None:
        assert (await counter.get(account)).state == pb.PROVIDER_ACCOUNT_STATE_LOCKED

    await eventually(is_locked)
    assert await _refusal(counter.rig.create("ord_2")) == Reason.PROVIDER_ACCOUNT_LOCKED
    mollie.keys[NEW_KEY] = Profile()
    rotated = await counter.rotate(account, NEW_KEY)
    assert rotated.state == pb.PROVIDER_ACCOUNT_STATE_ACTIVE
    await counter.rig.reaches(payment, SUCCEEDED)


async def test_two_accounts_of_a_house_share_its_currencies_and_an_archived_one_ends_what_it_began(
    start_rig: StartRig, mollie: Mollie
) -> None:
    counter = await start_counter(start_rig, mollie)
    rig, first = counter.rig, await counter.add()
    second = await counter.add(OTHER_KEY, default_currencies=["USD"])
    in_euros, in_dollars = await rig.create("ord_eur"), await rig.create("ord_usd", currency="USD")
    assert in_euros.provider_account_id == first.provider_account_id
    assert in_dollars.provider_account_id == second.provider_account_id
    wanted = pb.ProviderAccountChange(provider_account_id=second.provider_account_id, is_default=True)
    await counter.stub.UpdateProviderAccount(
        pb.UpdateProviderAccountRequest(
            house_id=HOUSE, provider_account=wanted, update_mask=FieldMask(paths=["is_default"]), etag=second.etag
        )
    )
    assert not (await counter.get(first)).is_default
    assert (await counter.archive(first)).state == pb.PROVIDER_ACCOUNT_STATE_ARCHIVED
    assert (await rig.create("ord_later")).provider_account_id == second.provider_account_id
    mollie.buyer_pays(await counter.ref(in_euros))
    await rig.reaches(in_euros, SUCCEEDED)
    await rig.refund(in_euros)
    await rig.is_refunded(in_euros)
    await counter.archive(second)
    assert await _refusal(rig.create("ord_last")) == Reason.PROVIDER_ACCOUNT_MISSING, "and never play money"


async def test_a_house_cannot_pay_anothers_order_by_what_its_own_account_tells(
    start_rig: StartRig, mollie: Mollie
) -> None:
    counter = await start_counter(start_rig, mollie, account_listing_seconds=0.1)
    await counter.add()
    other = await counter.add(OTHER_KEY, house_id="house_2")
    payment = await counter.rig.create()
    real = mollie.payments[await counter.ref(payment)]
    forged = replace(real, id="tr_forged0001", number=50, profile=mollie.keys[OTHER_KEY], status="paid")
    mollie.payments[forged.id] = forged

    async def told() -> None:
        found = [(one.provider_account_id, one.named_payment_id) for one in await counter.unknown("house_2")]
        assert found == [(other.provider_account_id, payment.payment_id)]

    await eventually(told)
    assert (await counter.rig.get(payment)).state == PENDING
