"""No test ever reaches a real company: what the services of a test's stack are told in place of their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Nobody listens there: whatever is sent waits, as it would in a night without a line to the outside.
_NOBODY: Final = "http://127.0.0.1:9"
NO_COMPANIES: Final[Mapping[str, str]] = {
    "BALCON_MAILCHIMP_API_URL": f"{_NOBODY}/3.0",
    "BALCON_TRACKERS_META_URL": _NOBODY,
    "BALCON_TRACKERS_GOOGLE_URL": _NOBODY,
    "BALCON_TRACKERS_GOOGLE_TOKEN_URL": f"{_NOBODY}/token",
    "BALCON_TRACKERS_X_URL": _NOBODY,
}
