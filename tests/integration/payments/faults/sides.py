"""What buyers, banks and houses do at each provider, told alike, so that one table of faults fits all of them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import grpc
from balcon.payments.v1 import provider_accounts_pb2 as pb
from balcon.payments.v1.provider_accounts_pb2_grpc import ProviderAccountsServiceStub

from services.payments.domain.provider_account import SIGNED_CHANNEL
from services.payments.sandbox.couriers import signature_header
from services.runtime.testing import eventually
from tests.doubles import mollie as mollie_double
from tests.doubles import stripe as stripe_double
from tests.doubles.mollie_documents import signed, signed_body
from tests.doubles.stripe_people import StripePeople
from tests.integration.payments.faults.stage import Stage
from tests.integration.payments.rig import DECLINES, PAYS, SECRET

AMOUNT_MINOR = 5_000


class Side(ABC):
    """One provider. `ref` is its own id of a payment. Patterns are of "METHOD /path" of its API."""

    name: str
    creation: str
    refunding: str
    capturing: str = "POST /nothing"

    # Whether its webhooks tell when they were signed, so that an old one is known as old.
    ages: bool = True

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.house_id = f"house_{self.name}"

    @property
    def authorises_first(self) -> bool:
        """Whether no money moves before we capture it."""
        return self.capturing != Side.capturing

    async def account(self, provider: pb.Provider.ValueType, credentials: pb.ProviderCredentials) -> str:
        """A new account of the house's own; its id."""
        stub = ProviderAccountsServiceStub(self.stage.channel)
        asked = pb.CreateProviderAccountRequest(
            idempotency_key=f"account_of_{self.house_id}",
            house_id=self.house_id,
            provider=provider,
            name=self.name,
            credentials=credentials,
        )

        async def made() -> str:
            try:
                return (await stub.CreateProviderAccount(asked)).provider_account.provider_account_id
            except grpc.aio.AioRpcError as error:
                # It is asked whether the key is good, and a slow machine may be silent.
                assert error.code() is not grpc.StatusCode.ABORTED, error.details()
                raise

        return await eventually(made)

    @abstractmethod
    async def open(self) -> None:
        """The house has an account here."""

    @abstractmethod
    async def pays(self, ref: str) -> None:
        """The buyer does all that buyers do."""

    @abstractmethod
    async def is_declined(self, ref: str) -> None:
        """The buyer's card is refused, and the buyer leaves."""

    @abstractmethod
    async def gives_back(self, ref: str, amount_minor: int) -> None:
        """In the provider's console."""

    @abstractmethod
    async def loses_a_dispute(self, ref: str) -> None:
        """Over all of it."""

    @abstractmethod
    async def falsify(self, ref: str, *, amount_minor: int = AMOUNT_MINOR, currency: str = "EUR") -> None:
        """The provider's own record is of other money than was asked for."""

    @abstractmethod
    async def kept_minor(self, ref: str) -> int:
        """What the house has of it there in the end."""

    @abstractmethod
    async def made(self, payment_id: str) -> int:
        """How many payments it has that a buyer could have paid."""

    @abstractmethod
    def success_of(self, ref: str) -> bytes:
        """A webhook that says that it was paid."""

    @abstractmethod
    def signed(self, body: bytes, *, seconds_old: float = 0, secret: str = "") -> Mapping[str, str]:
        """Headers of a webhook with this body."""

    @property
    @abstractmethod
    def hook(self) -> str:
        """The path of its webhooks."""


class SandboxSide(Side):
    """The deployment's own play money: captured at once."""

    name = "sandbox"
    creation = r"POST /v1/payments$"
    refunding = r"POST .*/refunds$"
    hook = "/webhooks/sandbox"

    async def open(self) -> None:
        """Every house without an account has this one."""

    async def pays(self, ref: str) -> None:
        await self._submit(ref, PAYS)

    async def is_declined(self, ref: str) -> None:
        await self._submit(ref, DECLINES)

    async def _submit(self, ref: str, card: str) -> None:
        answer = await self.stage.http.post(f"{self.stage.sandbox_at}/pay/{ref}", data={"card": card})
        assert answer.status_code == 303, answer.text

    async def gives_back(self, ref: str, amount_minor: int) -> None:
        await self._act(ref, "refunds", {"amount_minor": amount_minor})

    async def loses_a_dispute(self, ref: str) -> None:
        await self._act(ref, "dispute", {"amount_minor": AMOUNT_MINOR})
        await self._act(ref, "dispute/close", {"outcome": "lost"})

    async def _act(self, ref: str, act: str, body: Mapping[str, Any]) -> None:
        url = f"{self.stage.sandbox_at}/v1/payments/{ref}/{act}"
        answer = await self.stage.http.post(url, json=body, headers={"Idempotency-Key": f"by hand {ref} {act} {body}"})
        assert answer.is_success, answer.text

    async def falsify(self, ref: str, *, amount_minor: int = AMOUNT_MINOR, currency: str = "EUR") -> None:
        assert self.stage.sandbox is not None
        ledger = self.stage.sandbox._ledger
        record = ledger.payment(ref)
        assert record is not None
        record.amount_minor, record.currency = amount_minor, currency
        with ledger.transaction():
            ledger.put(record)

    async def kept_minor(self, ref: str) -> int:
        answer = await self.stage.http.get(f"{self.stage.sandbox_at}/v1/payments/{ref}")
        told = answer.json()
        lost = told["disputed_minor"] if told["dispute"] == "lost" else 0
        return int(told["amount_minor"] - told["refunded_minor"] - lost if told["status"] == "succeeded" else 0)

    async def made(self, payment_id: str) -> int:
        answer = await self.stage.http.get(f"{self.stage.sandbox_at}/v1/payments", params={"reference": payment_id})
        return len(answer.json()["payments"])

    def success_of(self, ref: str) -> bytes:
        return json.dumps({"id": f"evt_{ref}", "type": "payment.succeeded", "data": {"payment_id": ref}}).encode()

    def signed(self, body: bytes, *, seconds_old: float = 0, secret: str = "") -> Mapping[str, str]:
        at = int(self.stage.clock.now_ms() / 1000 - seconds_old)
        return {"Balcon-Signature": signature_header(secret or SECRET, at, body)}


class StripeSide(Side):
    """A house's own account at Stripe: authorised first."""

    name = "stripe"
    creation = r"POST /v1/checkout/sessions$"
    refunding = r"POST /v1/refunds$"
    capturing = r"POST .*/capture$"

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._double = stage.stripe
        self._people = StripePeople(stage.stripe)
        self.account_id = ""

    async def open(self) -> None:
        credentials = pb.ProviderCredentials(key=stripe_double.KEY, webhook_secret=stripe_double.SECRET)
        self.account_id = await self.account(pb.PROVIDER_STRIPE, credentials)
        self._double.webhook_url = self.stage.webhooks.url + self.hook

    @property
    def hook(self) -> str:
        return f"/webhooks/stripe/{self.account_id}"

    async def pays(self, ref: str) -> None:
        assert self._people.pay(ref)

    async def is_declined(self, ref: str) -> None:
        self._people.is_declined(ref)
        self._people.leave(ref)

    async def gives_back(self, ref: str, amount_minor: int) -> None:
        self._people.give_back(ref, amount_minor)

    async def loses_a_dispute(self, ref: str) -> None:
        self._people.dispute(ref, AMOUNT_MINOR)
        self._people.decide(ref, "lost")

    async def falsify(self, ref: str, *, amount_minor: int = AMOUNT_MINOR, currency: str = "EUR") -> None:
        self._double.books.sessions[ref] |= {"amount_total": amount_minor, "currency": currency.lower()}

    async def kept_minor(self, ref: str) -> int:
        books = self._double.books
        intent = books.intents.get(books.sessions[ref]["payment_intent"] or "")
        if intent is None or not intent["latest_charge"]:
            return 0
        charge = books.charges[intent["latest_charge"]]
        lost = sum(
            one["amount"] for one in books.disputes.values() if (one["charge"], one["status"]) == (charge["id"], "lost")
        )
        return int(intent["amount_received"] - charge["amount_refunded"] - lost)

    async def made(self, payment_id: str) -> int:
        return sum(one["metadata"].get("payment_id") == payment_id for one in self._double.books.sessions.values())

    def success_of(self, ref: str) -> bytes:
        session = {"object": "checkout.session", "id": ref, "status": "complete", "payment_status": "paid"}
        event = {"id": f"evt_of_{ref}", "type": "checkout.session.completed", "data": {"object": session}}
        return json.dumps(event).encode()

    def signed(self, body: bytes, *, seconds_old: float = 0, secret: str = "") -> Mapping[str, str]:
        at = self.stage.clock.now_ms() / 1000 - seconds_old
        return {"Stripe-Signature": stripe_double.signature(body, at, [secret or stripe_double.SECRET])}


class MollieSide(Side):
    """A house's own account at Mollie: captured at once. Its own webhooks are unsigned; those made here are signed."""

    name = "mollie"
    creation = r"POST /v2/payments$"
    refunding = r"POST .*/refunds$"
    ages = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self._double = stage.mollie
        self.account_id = ""

    async def open(self) -> None:
        credentials = pb.ProviderCredentials(key=mollie_double.TEST_KEY, webhook_secret=mollie_double.WEBHOOK_SECRET)
        self.account_id = await self.account(pb.PROVIDER_MOLLIE, credentials)

    @property
    def hook(self) -> str:
        return f"/webhooks/mollie/{self.account_id}/{SIGNED_CHANNEL}"

    async def pays(self, ref: str) -> None:
        self._double.buyer_pays(ref)

    async def is_declined(self, ref: str) -> None:
        self._double.buyer_fails(ref)

    async def gives_back(self, ref: str, amount_minor: int) -> None:
        self._double.refund_by_hand(ref, f"{amount_minor / 100:.2f}")

    async def loses_a_dispute(self, ref: str) -> None:
        self._double.charge_back(ref, f"{AMOUNT_MINOR / 100:.2f}")

    async def falsify(self, ref: str, *, amount_minor: int = AMOUNT_MINOR, currency: str = "EUR") -> None:
        payment = self._double.payments[ref]
        payment.body = {**payment.body, "amount": {"value": f"{amount_minor / 100:.2f}", "currency": currency}}

    async def kept_minor(self, ref: str) -> int:
        payment = self._double.payments[ref]
        return int((payment.captured - payment.refunded - payment.charged_back) * 100)

    async def made(self, payment_id: str) -> int:
        return sum(payment_id in json.dumps(one.body.get("metadata")) for one in self._double.payments.values())

    def success_of(self, ref: str) -> bytes:
        return signed_body(f"event_of_{ref}", ref)

    def signed(self, body: bytes, *, seconds_old: float = 0, secret: str = "") -> Mapping[str, str]:
        del seconds_old
        stamp = signed(body, secret or mollie_double.WEBHOOK_SECRET)
        return {"X-Mollie-Signature": stamp, "Content-Type": "application/json"}


SIDES: Mapping[str, type[Side]] = {side.name: side for side in (SandboxSide, StripeSide, MollieSide)}
