"""How a letter fails to leave. None of them says what the server said: addresses are in that."""

from __future__ import annotations

from services.runtime.errors import Fatal, Retryable


class PostUnavailable(Retryable):
    """The mail server does not take the letter now."""


class LetterUncertain(PostUnavailable):
    """The line broke after the letter had begun to leave: the server may have it, and did not say so."""


class LetterRefused(Fatal):
    """The mail server will never take the letter: the address is refused, or the sender is."""


class AddressRefused(LetterRefused):
    """The mail server will never take a letter to this address; another address may do."""


def fault_of(code: int) -> PostUnavailable | LetterRefused:
    """5xx is for good (RFC 5321)."""
    return LetterRefused(code=code) if code >= 500 else PostUnavailable(code=code)
