"""Private keys as settings take them, for whoever only passes them on: loads no cryptography."""

from __future__ import annotations

import base64
import hashlib


def key_of(secret: str) -> str:
    """A private key as settings take it, made of a secret that nobody can guess; of the same secret the same key."""
    return base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()).decode()
