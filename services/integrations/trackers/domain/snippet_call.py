"""One thing that a page does for trackers: a script that is loaded, or a function that is called with data. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.integrations.trackers.domain.tracker import TrackerKind

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

# A text of JSON with none of these is harmless in a script, an attribute and a page: no tag begins in it, nothing ends.
_HARMLESS: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})


@dataclass(frozen=True, slots=True)
class Load:
    """Adds an async script. The address is made of ours alone and ids of known form."""

    script_url: str
    kind: TrackerKind
    tracker_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Say:
    """Calls a function. `kind` is None for what is said to all, `once_key` is '' for what is done each time."""

    function: str
    arguments: tuple[Json, ...]
    kind: TrackerKind | None = None
    tracker_ids: tuple[str, ...] = ()
    once_key: str = ""
    event_id: str = ""
    # gtag('js') wants the page's own clock, as a Date: the one thing that is not JSON.
    adds_date: bool = False

    def arguments_json(self) -> str:
        """A JSON array in ASCII without <, >, & and ': data, whatever a title says and wherever it is written."""
        return json.dumps(self.arguments, ensure_ascii=True, allow_nan=False).translate(_HARMLESS)


SnippetCall = Load | Say
