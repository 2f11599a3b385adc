"""OAuth 1.0a (RFC 5849) with HMAC-SHA1, for requests whose body is JSON and so is no part of what is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit


@dataclass(frozen=True, slots=True)
class XKeys:
    """Of the application (consumer) and of the user who let it in (token)."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


def authorization(method: str, url: str, keys: XKeys, *, nonce: str, at_seconds: int) -> str:
    """The header's value. `url` is without query; a nonce serves once."""
    said = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(at_seconds),
        "oauth_token": keys.token,
        "oauth_version": "1.0",
    }
    signed = {**said, "oauth_signature": signature(method, url, said.items(), keys)}
    return "OAuth " + ", ".join(f'{name}="{_encoded(value)}"' for name, value in sorted(signed.items()))


def signature(method: str, url: str, parameters: Iterable[tuple[str, str]], keys: XKeys) -> str:
    """Base64 of the HMAC over method, address and every parameter (3.4)."""
    pairs = sorted((_encoded(name), _encoded(value)) for name, value in parameters)
    joined = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join(map(_encoded, (method.upper(), _base_address(url), joined)))
    secret = f"{_encoded(keys.consumer_secret)}&{_encoded(keys.token_secret)}"
    # SHA-1 is X's choice; as a key's HMAC it still holds.
    digest = hmac.new(secret.encode(), base.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _base_address(url: str) -> str:
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    port = parts.port
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    shown = host if port in {None, usual} else f"{host}:{port}"
    return f"{parts.scheme.lower()}://{shown}{parts.path}"


def _encoded(text: str) -> str:
    return quote(text, safe="~")
