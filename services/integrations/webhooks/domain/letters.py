"""What is written to the owners of a house when one of its endpoints is told nothing any more. Plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.integrations.webhooks.domain.endpoint import Endpoint, EndpointState
from services.runtime.mail.letter import LetterText

_GONE: Final = {
    "en": "It answered 410: it says that it is gone.",
    "nl": "Het antwoordde 410: het zegt dat het niet meer bestaat.",
    "de": "Sie antwortete 410: Sie sagt, dass es sie nicht mehr gibt.",
    "nb": "Den svarte 410: den sier at den ikke finnes lenger.",
}
_FAILING: Final = {
    "en": "It has taken nothing that was sent since {since}.",
    "nl": "Het heeft sinds {since} niets aangenomen van wat werd verstuurd.",
    "de": "Sie hat seit {since} nichts angenommen, was gesendet wurde.",
    "nb": "Den har ikke tatt imot noe av det som er sendt siden {since}.",
}
_TEXTS: Final[Mapping[str, LetterText]] = {
    "en": LetterText(
        "{house}: a webhook endpoint was disabled",
        "Hello,\n\nthe webhook endpoint {endpoint} of {house} at {host} was disabled. {why}\n\n"
        "Nothing more is sent to it. Mend it, enable it again, and have sent again what it missed:\n\n"
        "  balcon integrations webhook enable {endpoint}\n"
        '  balcon integrations webhook redeliver-all {endpoint} --from-at "{since}" --only-failed\n',
    ),
    "nl": LetterText(
        "{house}: een webhook-adres is uitgezet",
        "Hallo,\n\nhet webhook-adres {endpoint} van {house} op {host} is uitgezet. {why}\n\n"
        "Er wordt niets meer naartoe gestuurd. Herstel het, zet het weer aan en laat sturen wat het heeft gemist:\n\n"
        "  balcon integrations webhook enable {endpoint}\n"
        '  balcon integrations webhook redeliver-all {endpoint} --from-at "{since}" --only-failed\n',
    ),
    "de": LetterText(
        "{house}: eine Webhook-Adresse wurde abgeschaltet",
        "Guten Tag,\n\ndie Webhook-Adresse {endpoint} von {house} bei {host} wurde abgeschaltet. {why}\n\n"
        "Es wird nichts mehr dorthin gesendet. Richten Sie sie, schalten Sie sie wieder ein und lassen Sie nachsenden, "
        "was fehlt:\n\n"
        "  balcon integrations webhook enable {endpoint}\n"
        '  balcon integrations webhook redeliver-all {endpoint} --from-at "{since}" --only-failed\n',
    ),
    "nb": LetterText(
        "{house}: en webhook-adresse er slått av",
        "Hei,\n\nwebhook-adressen {endpoint} til {house} hos {host} er slått av. {why}\n\n"
        "Det sendes ikke noe mer til den. Rett den, slå den på igjen, og få sendt det den gikk glipp av:\n\n"
        "  balcon integrations webhook enable {endpoint}\n"
        '  balcon integrations webhook redeliver-all {endpoint} --from-at "{since}" --only-failed\n',
    ),
}


def disabled_letter(endpoint: Endpoint, *, house: str, host: str, language: str, since: str) -> LetterText:
    """`host`: of its address, whose path may hold a secret. `since`: by the house's clock."""
    spoken = language if language in _TEXTS else "en"
    why = (_GONE if endpoint.state is EndpointState.GONE else _FAILING)[spoken].format(since=since)
    facts = {
        "house": house,
        "endpoint": endpoint.endpoint_id,
        "host": host,
        "why": why,
        "since": since,
    }
    text = _TEXTS[spoken]
    return LetterText(" ".join(text.subject.format(**facts).split()), text.body.format(**facts))
