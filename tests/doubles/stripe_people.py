"""What people and banks do at Stripe: buyers on its page, the house in its console, issuers with disputes."""

from __future__ import annotations

from tests.doubles.stripe import Books, StripeDouble, Thing


class StripePeople:
    """Acts at once and without HTTP: whoever does these is no part of what is tested."""

    def __init__(self, stripe: StripeDouble) -> None:
        self._stripe = stripe
        self._numbers = iter(range(1, 1_000_000))

    def _at(self, ref: str) -> tuple[Books, Thing]:
        self._stripe.expire_due()
        for books in self._stripe.accounts.values():
            if ref in books.sessions:
                return books, books.sessions[ref]
        raise AssertionError(f"no session {ref}")

    def intent_of(self, ref: str) -> Thing:
        """The PaymentIntent behind a session."""
        books, session = self._at(ref)
        return books.intents[session["payment_intent"]]

    def _intent(self, books: Books, session: Thing) -> Thing:
        if session["payment_intent"] is None:
            number, wanted = next(self._numbers), session["_intent_data"]
            books.intents[f"pi_{number}"] = {
                "id": f"pi_{number}",
                "object": "payment_intent",
                "status": "requires_payment_method",
                "amount": session["amount_total"],
                "amount_received": 0,
                "currency": session["currency"],
                "capture_method": wanted.get("capture_method", "automatic"),
                "metadata": wanted.get("metadata", {}),
                "latest_charge": None,
                "last_payment_error": None,
            }
            session["payment_intent"] = f"pi_{number}"
        return books.intents[session["payment_intent"]]

    def pay(self, ref: str, *, fingerprint: str = "card_1") -> bool:
        """A good card; False when the page says that the session is over."""
        books, session = self._at(ref)
        if session["status"] != "open":
            return False
        intent = self._intent(books, session)
        is_manual = intent["capture_method"] == "manual"
        charge = {
            "id": f"ch_{intent['id']}",
            "object": "charge",
            "payment_intent": intent["id"],
            "amount": intent["amount"],
            "currency": intent["currency"],
            "captured": not is_manual,
            "amount_refunded": 0,
            "disputed": False,
            "payment_method_details": {"type": "card", "card": {"fingerprint": fingerprint}},
        }
        books.charges[charge["id"]] = charge
        intent |= {"latest_charge": charge["id"], "last_payment_error": None}
        intent |= {"status": "requires_capture"} if is_manual else {"status": "succeeded"}
        intent["amount_received"] = 0 if is_manual else intent["amount"]
        session |= {"status": "complete", "url": None, "payment_status": "unpaid" if is_manual else "paid"}
        self._stripe.tell(books, "checkout.session.completed", session)
        self._stripe.tell(
            books, "payment_intent." + ("amount_capturable_updated" if is_manual else "succeeded"), intent
        )
        return True

    def is_declined(self, ref: str) -> None:
        """A bad card. The buyer may try another."""
        books, session = self._at(ref)
        intent = self._intent(books, session)
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": "card_declined",
            "decline_code": "generic_decline",
        }
        self._stripe.tell(books, "payment_intent.payment_failed", intent)

    def leave(self, ref: str) -> None:
        """The time of the session runs out."""
        books, session = self._at(ref)
        if session["status"] == "open":
            session |= {"status": "expired", "url": None}
            self._stripe.tell(books, "checkout.session.expired", session)

    def authorisation_runs_out(self, ref: str) -> None:
        """After seven days and less the bank lets the money go."""
        books, _ = self._at(ref)
        intent = self.intent_of(ref)
        intent["status"] = "canceled"
        self._stripe.tell(books, "payment_intent.canceled", intent)

    def give_back(self, ref: str, amount: int) -> None:
        """In Stripe's own console."""
        books, _ = self._at(ref)
        intent = self.intent_of(ref)
        self._stripe._refund(books, {"payment_intent": intent["id"], "amount": str(amount)})

    def dispute(self, ref: str, amount: int) -> None:
        """The buyer's bank takes so much back, for now."""
        books, _ = self._at(ref)
        charge = books.charges[self.intent_of(ref)["latest_charge"]]
        charge["disputed"] = True
        dispute = {
            "id": f"dp_{next(self._numbers)}",
            "object": "dispute",
            "charge": charge["id"],
            "payment_intent": charge["payment_intent"],
            "amount": amount,
            "currency": charge["currency"],
            "status": "needs_response",
        }
        books.disputes[dispute["id"]] = dispute
        self._stripe.tell(books, "charge.dispute.created", dispute)

    def decide(self, ref: str, status: str) -> None:
        """The bank's word: won or lost."""
        books, _ = self._at(ref)
        charge = self.intent_of(ref)["latest_charge"]
        for dispute in books.disputes.values():
            if dispute["charge"] == charge:
                dispute["status"] = status
                self._stripe.tell(books, "charge.dispute.closed", dispute)
