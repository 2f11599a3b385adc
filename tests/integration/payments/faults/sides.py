"""What buyers, banks and houses do at each provider, told alike, so that one table of faults fits all of them."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from balcon.payments.v1 import provider_accounts_pb2 as pb
from balcon.payments.v1.provider_accounts_pb2_grpc import ProviderAccountsServiceStub

from services.payments.sandbox.couriers import signature_header
from tests.doubles import stripe as stripe_double
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

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.house_id = f"house_{self.name}"

    @property
    def authorises_first(self) -> bool:
        """Whether no money moves before we capture it."""
        return self.capturing != Side.capturing

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
        stub = ProviderAccountsServiceStub(self.stage.channel)
        credentials = pb.ProviderCredentials(key=stripe_double.KEY, webhook_secret=stripe_double.SECRET)
        asked = pb.CreateProviderAccountRequest(
            idempotency_key=f"account_of_{self.house_id}",
            house_id=self.house_id,
            provider=pb.PROVIDER_STRIPE,
            name="Stripe",
            credentials=credentials,
        )
        answer = await stub.CreateProviderAccount(asked)
        self.account_id = answer.provider_account.provider_account_id
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


SIDES: Mapping[str, type[Side]] = {side.name: side for side in (SandboxSide, StripeSide)}
