"""The hosted pay page: a small form for people, a plain POST for machines. Takes test cards only, keeps no number."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.contracts.money import amount_text
from services.payments.sandbox.acquirer import AUTHORISED, OPEN, Acquirer
from services.payments.sandbox.cards import CARDS, card_of
from services.payments.sandbox.ledger import Ledger, PaymentRecord
from services.runtime.http_server import read_body

FORM_LIMIT_BYTES = 8 * 1024

# No form-action: browsers would apply it to the redirect back to the shop too.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 0 auto; max-width: 42rem; padding: 2rem 1rem }
.amount { font-size: 2rem; font-weight: 600; margin: 0 }
label { display: block; font-weight: 600; margin-top: 1.5rem }
input { box-sizing: border-box; font: inherit; padding: .6rem; width: 100% }
button { font: inherit; margin: 1rem .5rem 0 0; padding: .6rem 1.2rem }
table { border-collapse: collapse; margin-top: 1rem; width: 100% }
th, td { border-bottom: 1px solid #8886; padding: .4rem .6rem .4rem 0; text-align: left; vertical-align: top }
td:first-child { white-space: nowrap; font-variant-numeric: tabular-nums }
.problem { border-left: .3rem solid #c00; padding-left: .8rem }
"""

_STATUS_WORDS = {
    AUTHORISED: "This payment is authorised.",
    "succeeded": "This payment is paid.",
    "failed": "This payment was declined.",
    "cancelled": "This payment was cancelled.",
    "expired": "The time for this payment is over.",
    OPEN: "This payment is being processed.",
}


class PayPage:
    """GET shows the form, POST pays (card=...) or gives up (action=cancel), then sends the buyer back to the shop."""

    def __init__(self, ledger: Ledger, acquirer: Acquirer, *, on_change: Callable[[], None]) -> None:
        self._ledger = ledger
        self._acquirer = acquirer
        self._on_change = on_change

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/pay/{id}", self.show, methods=["GET"]),
            Route("/pay/{id}", self.submit, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form, or how the payment ended."""
        payment = self._current(request)
        if payment is None:
            return _page("No such payment", "<h1>There is no such payment</h1>", status=404)
        return _form(payment) if _is_payable(payment) else _ended(payment)

    async def submit(self, request: Request) -> Response:
        """303 to the return address once the card is taken; 422 with the form again when it is no test card."""
        body = await read_body(request, FORM_LIMIT_BYTES)
        if body is None:
            return _page("Too large", f"<h1>The form may have {FORM_LIMIT_BYTES} bytes</h1>", status=413)
        payment = self._current(request)
        if payment is None:
            return _page("No such payment", "<h1>There is no such payment</h1>", status=404)
        if not _is_payable(payment):
            return _back(payment)
        form = parse_qs(body.decode(errors="replace"), max_num_fields=8)
        if form.get("action") == ["cancel"]:
            with self._ledger.transaction():
                self._acquirer.cancel(payment)
        else:
            card = card_of(form.get("card", [""])[0])
            if card is None:
                return _form(payment, "This is none of the test cards below. A real card is never charged here.")
            with self._ledger.transaction():
                self._acquirer.pay(payment, card)
        self._on_change()
        return _back(payment)

    def _current(self, request: Request) -> PaymentRecord | None:
        with self._ledger.transaction():
            self._acquirer.run_due()
        return self._ledger.payment(request.path_params["id"])


def _is_payable(payment: PaymentRecord) -> bool:
    return payment.status == OPEN and not payment.behaviour


def _back(payment: PaymentRecord) -> Response:
    parts = urlsplit(payment.return_url)
    query = "&".join(filter(None, [parts.query, urlencode({"payment_id": payment.reference})]))
    return RedirectResponse(urlunsplit(parts._replace(query=query)), 303)


def _form(payment: PaymentRecord, problem: str = "") -> Response:
    amount = escape(amount_text(payment.amount_minor, payment.currency))
    rows = "".join(f"<tr><td>{card.spaced}</td><td>{escape(card.story)}</td></tr>" for card in CARDS)
    said = f'<p class="problem" role="alert" id="problem">{escape(problem)}</p>' if problem else ""
    described = ' aria-invalid="true" aria-describedby="problem"' if problem else ""
    return _page(
        f"Pay {amount}",
        f"""<h1>Balcon sandbox: pay</h1>
<p class="amount">{amount}</p>
{said}<form method="post">
<label for="card">Test card number</label>
<input id="card" name="card" inputmode="numeric" autocomplete="off" required maxlength="32" autofocus{described}>
<button type="submit">Pay {amount}</button>
</form>
<form method="post"><button type="submit" name="action" value="cancel">Cancel and go back</button></form>
<h2>Test cards</h2>
<table><thead><tr><th scope="col">Number</th><th scope="col">What happens</th></tr></thead>
<tbody>{rows}</tbody></table>""",
        status=422 if problem else 200,
    )


def _ended(payment: PaymentRecord) -> Response:
    word = _STATUS_WORDS[payment.status]
    link = escape(payment.return_url, quote=True)
    return _page(word, f'<h1>{word}</h1><p><a href="{link}">Back to the shop</a></p>')


def _page(title: str, body: str, status: int = 200) -> Response:
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    html = (
        f'<!doctype html><html lang="en"><head>{head}<title>{escape(title)}</title><style>{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
    return HTMLResponse(html, status, headers=headers)
