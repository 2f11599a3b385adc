"""Trackers of each kind, a performance, and pages of it, for tests of what follows from them."""

from __future__ import annotations

from services.integrations.trackers.domain.attachment import Show
from services.integrations.trackers.domain.consents import ConsentKind, Consents, Decision
from services.integrations.trackers.domain.reached import Reached, Worth
from services.integrations.trackers.domain.snippet_page import SnippetItem, SnippetPage
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.tracker import Tracker, TrackerIds, TrackerKind

HOUSE = "hse_a"
AT_MS = 1_700_000_000_000
IDS = {
    TrackerKind.META_PIXEL: TrackerIds("123456789012345"),
    TrackerKind.GOOGLE_ADS: TrackerIds("AW-123456789", "startLabel1", "doneLabel1"),
    TrackerKind.GOOGLE_TAG_MANAGER: TrackerIds("GTM-ABC1234"),
    TrackerKind.X_PIXEL: TrackerIds("o5h34", "tw-o5h34-start", "tw-o5h34-done1"),
}


def tracker(kind: TrackerKind, *, number: int = 1, ids: TrackerIds | None = None, archived: bool = False) -> Tracker:
    tracker_id = f"trk_{kind.value.lower()}_{number}"
    return Tracker(HOUSE, tracker_id, kind, "Ours", ids or IDS[kind], "", archived=archived, revision=1)


ONE_OF_EACH = tuple(tracker(kind) for kind in TrackerKind)


def granting(*kinds: ConsentKind) -> Consents:
    """Those were said yes to, the others no, all at once."""
    return Consents(**{kind.value: Decision(kind in kinds, AT_MS) for kind in ConsentKind})


EVERYTHING = granting(*ConsentKind)


def show(title: str = "Hamlet") -> Show:
    return Show(HOUSE, "perf_1", "prd_1", title, 1_900_000_000_000, 1)


def reached(step: Step, *, order_id: str = "ord_1", worth: Worth | None = None) -> Reached:
    """By visit_1; with an order of 50.00 where there is one."""
    is_done = step is Step.DONE
    return Reached(
        house_id=HOUSE,
        performance_id="perf_1",
        visit_id="visit_1",
        step=step,
        at_ms=AT_MS,
        order_id=order_id if is_done else "",
        worth=worth or (Worth(5_000, "EUR") if is_done else None),
        tickets=2 if is_done else 0,
    )


def page(step: Step, *, title: str = "Hamlet", consents: Consents = EVERYTHING, **more: object) -> SnippetPage:
    items = (SnippetItem("Stalls", "student", Worth(2_500, "EUR"), 2),) if step is Step.DONE else ()
    return SnippetPage(show(title), reached(step, **more), consents, items)  # type: ignore[arg-type]
