"""The sandbox by itself: its pay page for people, its idempotent API, its bounds."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.contracts.bounds import MAX_TOTAL_MINOR
from services.payments.sandbox.cards import CARDS, Behaviour, card_of
from services.payments.sandbox.ledger import Ledger
from services.payments.sandbox.server import Sandbox, SandboxPlan
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds

CLOCK = SystemClock()


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a running sandbox."""
    sandbox = Sandbox(SandboxPlan(str(tmp_path / "sandbox.sqlite")), clock=CLOCK, ids=RandomIds())
    await sandbox.start()
    async with httpx.AsyncClient(base_url=sandbox.url, trust_env=False) as client:
        yield client
    await sandbox.stop()


def wanted(**changed: Any) -> dict[str, Any]:
    good = {
        "amount_minor": 123_456,
        "currency": "EUR",
        "return_url": 'https://shop.example/?a="><script>',
        "expires_at_ms": CLOCK.now_ms() + 60_000,
        "metadata": {"payment_id": "pay_1"},
    }
    return good | changed


async def created(http: httpx.AsyncClient, **changed: Any) -> dict[str, Any]:
    answer = await http.post("/v1/payments", json=wanted(**changed), headers={"Idempotency-Key": "key_1"})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class Page(HTMLParser):
    """Collects what a person needs: labels, inputs, buttons, language."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


async def test_the_pay_page_shows_the_amount_and_a_labelled_form_and_every_card(http: httpx.AsyncClient) -> None:
    made = await created(http)
    answer = await http.get(made["pay_url"])
    page = Page(answer.text)
    assert answer.status_code == 200
    assert "EUR 1,234.56" in answer.text
    assert page.all("html") == [{"lang": "en"}]
    (label,), (card,) = page.all("label"), page.all("input")
    assert label["for"] == card["id"] == "card"
    assert [form["method"] for form in page.all("form")] == ["post", "post"]
    assert all(test_card.spaced in answer.text for test_card in CARDS)
    assert "script" not in [tag for tag, _ in page.found]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [(5_000, "XOF", "XOF 5,000"), (40_000, "UGX", "UGX 40,000"), (12_500, "LYD", "LYD 12.500")],
)
async def test_the_pay_page_shows_an_amount_in_its_currencys_digits(
    http: httpx.AsyncClient, amount_minor: int, currency: str, shown: str
) -> None:
    made = await created(http, amount_minor=amount_minor, currency=currency)
    assert f'class="amount">{shown}<' in (await http.get(made["pay_url"])).text


async def test_an_unknown_card_brings_the_form_again_and_charges_nothing(http: httpx.AsyncClient) -> None:
    made = await created(http)
    answer = await http.post(made["pay_url"], data={"card": "4111 1111 1111 1111"})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "4111" not in answer.text
    assert (await http.get(f"/v1/payments/{made['id']}")).json()["status"] == "open"


async def test_paying_twice_pays_once_and_the_page_tells_the_end(http: httpx.AsyncClient) -> None:
    made = await created(http)
    for card in ("4242424242424242", "4000000000000002"):
        answer = await http.post(made["pay_url"], data={"card": card})
        assert answer.status_code == 303
        assert answer.headers["location"].endswith("&payment_id=pay_1")
    page = await http.get(made["pay_url"])
    assert "This payment is paid." in page.text
    assert "<script>" not in page.text


async def test_a_buyer_may_cancel_on_the_page(http: httpx.AsyncClient) -> None:
    made = await created(http)
    assert (await http.post(made["pay_url"], data={"action": "cancel"})).status_code == 303
    assert (await http.get(f"/v1/payments/{made['id']}")).json()["status"] == "cancelled"


async def test_forms_that_are_too_large_or_about_nothing_are_refused(http: httpx.AsyncClient) -> None:
    made = await created(http)
    assert (await http.post(made["pay_url"], content=b"card=" + b"4" * 9_000)).status_code == 413
    assert (await http.post("/pay/nobodys", data={"card": "4242424242424242"})).status_code == 404
    assert (await http.get("/pay/nobodys")).status_code == 404


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"amount_minor": 0}, 422),
        ({"amount_minor": MAX_TOTAL_MINOR + 1}, 422),
        ({"currency": "euro"}, 422),
        ({"currency": "ABC"}, 422),
        ({"return_url": "javascript:alert(1)"}, 422),
        ({"expires_at_ms": 1}, 422),
        ({"metadata": {"k": "v" * 501}}, 422),
        ({"metadata": {"k": "v" * 70_000}}, 413),
    ],
)
async def test_a_bad_creation_is_refused_and_leaves_its_key_free(
    http: httpx.AsyncClient, changed: dict[str, Any], status: int
) -> None:
    answer = await http.post("/v1/payments", json=wanted(**changed), headers={"Idempotency-Key": "key_1"})
    assert answer.status_code == status
    assert answer.json()["error"]["code"]
    await created(http)


async def test_a_key_is_needed_and_belongs_to_its_parameters(http: httpx.AsyncClient) -> None:
    assert (await http.post("/v1/payments", json=wanted())).status_code == 400
    body = wanted()
    first = await http.post("/v1/payments", json=body, headers={"Idempotency-Key": "key_1"})
    again = await http.post("/v1/payments", json=body, headers={"Idempotency-Key": "key_1"})
    other = await http.post("/v1/payments", json=body | {"amount_minor": 1}, headers={"Idempotency-Key": "key_1"})
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("script", ["error_after", "error_before", "refuse"])
async def test_scripts_are_asked_for_by_header_or_metadata(http: httpx.AsyncClient, script: str) -> None:
    by_header = {"Idempotency-Key": "key_1", "X-Sandbox-Script": script}
    by_metadata = wanted(metadata={"sandbox_script": script})
    answers = [
        await http.post("/v1/payments", json=wanted(), headers=by_header),
        await http.post("/v1/payments", json=by_metadata, headers={"Idempotency-Key": "key_2"}),
    ]
    assert {answer.status_code for answer in answers} == {422 if script == "refuse" else 500}


async def test_the_table_of_cards_is_served(http: httpx.AsyncClient) -> None:
    served = (await http.get("/v1/test_cards")).json()["test_cards"]
    assert [card["behaviour"] for card in served] == [card.behaviour.value for card in CARDS]
    assert {card.behaviour for card in CARDS} == set(Behaviour)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=" + "9" * 30])
async def test_a_cursor_that_is_none_is_refused(http: httpx.AsyncClient, query: str) -> None:
    assert (await http.get(f"/v1/events?{query}")).status_code == 422


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("dispute", {"amount_minor": 1}, "not_disputable"),  # nobody has paid
        ("dispute", {"amount_minor": 0}, "parameter_invalid"),
        ("dispute", {}, "parameter_invalid"),
        ("dispute/close", {"outcome": "won"}, "not_disputed"),
        ("dispute/close", {"outcome": "undecided"}, "parameter_invalid"),
    ],
)
async def test_a_dispute_that_cannot_be_is_refused(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], code: str
) -> None:
    made = await created(http)
    answer = await http.post(f"/v1/payments/{made['id']}/{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
    assert (await http.post(f"/v1/payments/nobodys/{path}", json=body)).status_code in {404, 422}


async def test_no_more_is_disputed_than_is_left_and_only_once(http: httpx.AsyncClient) -> None:
    made = await created(http)
    await http.post(made["pay_url"], data={"card": "4242424242424242"})
    url, whole = f"/v1/payments/{made['id']}", made["amount_minor"]
    await http.post(f"{url}/refunds", json={"amount_minor": 100}, headers={"Idempotency-Key": "part"})
    answers = [
        await http.post(f"{url}/dispute", json={"amount_minor": amount_minor})
        for amount_minor in (whole, whole - 100, whole - 100)
    ]
    assert [answer.status_code for answer in answers] == [422, 200, 422]


def test_a_file_of_an_earlier_release_is_opened_with_what_it_lacks(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.sqlite")
    Ledger(path).close()
    with sqlite3.connect(path) as earlier:
        for column in ("dispute", "disputed_minor"):
            earlier.execute(f"ALTER TABLE payments DROP COLUMN {column}")
    ledger = Ledger(path)
    assert ledger.payments(reference="", status="", after="", limit=1) == []
    ledger.close()


def test_card_numbers_are_unique_and_pass_the_usual_check_sum() -> None:
    assert len({card.number for card in CARDS}) == len(CARDS)
    for card in CARDS:
        doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(card.number)]
        assert sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0, card.number
    assert card_of("4242-4242 4242 4242") is CARDS[0]
    assert card_of("4242" * 100) is None
