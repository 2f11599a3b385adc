"""Every guard with its mutant, who must notice it, and within how many seeds (RULE 36)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.mutants import cluster_guards as inventory
from tests.mutants import contingent_guards as contingents
from tests.mutants import event_guards as events
from tests.mutants import sale_guards as orders
from tests.mutants import watch_guards as watch
from tests.mutants.hunt import Catch, Patch, hunt_in_the_cluster, hunt_in_the_sale

# Of those that are met seldom.
LAST_NOTICED = {
    "second_owner_in_one_watch": 83,
    "asked_again_under_a_new_id": 93,
    "deadlines_ignored": 94,
    "holds_on_their_way_into_the_record_are_touched": 47,
    "slow_watcher_not_cut": 60,
    "soft_blocks_end_with_a_hold": 67,
    "day_sale_begins_at_the_anchor": 28,
    "claims_applied_before_the_record_has_them": 19,
    "allotted_seats_stay_in_the_pool": 4,
    "no_batch_numbers": 14,
    "stale_holds_kept": 14,
    "inbox_skipped": 13,
}
CLUSTER, SALE = "make sim", "the sale's simulation"


@dataclass(frozen=True, slots=True)
class Guard:
    """`what` is removed by `mutant`; `hunt` must notice within `budget` seeds."""

    what: str
    mutant: Patch
    noticed_by: str
    budget: int
    hunt: Callable[[Patch, Iterable[int]], Catch | None]

    @property
    def name(self) -> str:
        """The mutant's."""
        return self.mutant.__name__

    @property
    def seeds(self) -> list[int]:
        """Its budget, beginning with the one that noticed it the last time."""
        last = LAST_NOTICED.get(self.name, 0)
        return [last, *(seed for seed in range(self.budget) if seed != last)]


def _cluster(what: str, mutant: Patch, budget: int) -> Guard:
    return Guard(what, mutant, CLUSTER, budget, hunt_in_the_cluster)


def _sale(what: str, mutant: Patch) -> Guard:
    return Guard(what, mutant, SALE, 12, hunt_in_the_sale)


GUARDS = (
    _cluster("the hold store compares the epoch", inventory.no_fence, 60),
    _cluster("the hold store numbers batches (SEEN, GAP)", inventory.no_batch_numbers, 100),
    _cluster("the record compares the directory's epoch", inventory.no_epoch_in_the_record, 30),
    _cluster("the record's epoch and its unique index, both", inventory.no_unique_index, 30),
    _cluster("epochs are minted by a conditional update", inventory.epoch_without_condition, 30),
    _cluster("no reply before the stores have it", inventory.reply_before_ack, 30),
    _cluster("a refused batch voids the memory", inventory.memory_kept_after_a_fault, 30),
    _cluster("a claim looks at its hold's end and grace", inventory.claim_of_an_expired_hold, 100),
    _cluster("the stored deadline decides, not the timer", inventory.timer_decides, 100),
    _cluster("work whose deadline has passed is dropped", inventory.deadlines_ignored, 100),
    _cluster("holds that the record overrules are deleted", inventory.stale_holds_kept, 60),
    _cluster("the record is written before the holds", inventory.holds_before_record, 60),
    _cluster("no word out of memory alone", inventory.words_out_of_memory, 60),
    _cluster(
        "a hold on its way into the record is left alone", inventory.holds_on_their_way_into_the_record_are_touched, 60
    ),
    _cluster("free seats on their way are reserved", inventory.nothing_is_reserved_for_the_record, 160),
    _cluster("claims are applied when recorded", inventory.claims_applied_before_the_record_has_them, 160),
    _cluster("the outbox has no id cursor", events.id_cursor, 60),
    _cluster("an event is marked once the bus has it", events.marked_before_published, 60),
    _cluster("sequence and inbox row refuse what was applied", events.inbox_skipped, 60),
    _cluster("the offset is committed after the effect", events.offset_before_effect, 60),
    _cluster("a delta names every seat that changed", watch.delta_forgets_a_seat, 30),
    _cluster("a watcher that is too far behind is cut", watch.slow_watcher_not_cut, 80),
    _cluster("watchers are shown what the stores have", watch.watchers_hear_before_ack, 30),
    _cluster("the end of an owner ends its watches", watch.watch_outlives_its_owner, 30),
    _cluster("no await between joining and the snapshot", watch.snapshot_after_a_pause, 30),
    _cluster("an owner that is only watched looks at its epoch", watch.superseded_owner_goes_on, 40),
    _cluster("who knows a newer epoch is not shown an older", watch.epoch_of_the_caller_ignored, 60),
    _cluster("a call is passed on once", watch.passed_on_without_end, 40),
    _cluster("the epoch that a caller knows goes with its call", watch.epoch_lost_on_the_way, 60),
    _cluster("silence of the owner is not its no", watch.silence_told_as_a_no, 30),
    _cluster("what may be decided is asked again as it was", watch.asked_again_under_a_new_id, 240),
    _cluster("a watch has one owner from its snapshot on", watch.second_owner_in_one_watch, 200),
    _cluster("what is held is used", contingents.holds_not_counted, 60),
    _cluster("what expires or is let go is used no longer", contingents.expired_holds_stay_counted, 40),
    _cluster("the phase is that of the moment", contingents.day_sale_never_begins, 40),
    _cluster("the day sale begins D hours before", contingents.day_sale_begins_at_the_anchor, 60),
    _cluster("caps are rounded down", contingents.caps_rounded_up, 40),
    _cluster("what an office sold stays at a return", contingents.sold_seats_return, 40),
    _cluster("and at a recall", contingents.recall_of_sold_seats, 60),
    _cluster("offices get free seats only", contingents.allotted_seats_stay_in_the_pool, 20),
    _cluster("a soft block comes back", contingents.soft_blocks_end_with_a_hold, 120),
    _cluster("a soft block keeps the shop out", contingents.soft_blocks_keep_nobody_out, 100),
    _sale("seats go on proof, not on a timeout", orders.release_on_timeout),
    _sale("late money claims again or goes back", orders.forget_late_success),
    _sale("an unanswered claim is not a refused one", orders.uncertain_claim_is_refused),
    _sale("an unanswered payment is not a refused one", orders.uncertain_payment_is_refused),
    _sale("a refund frees the seats", orders.refund_forgets_the_seats),
    _sale("a repeated payment has the same key", orders.new_key_each_time),
    _sale("a group is answered once it is committed", orders.answered_before_the_commit),
    _sale("a group is one transaction, events and all", orders.group_written_in_part),
    _sale("a group is done in the order asked", orders.group_in_the_wrong_order),
    _sale("changes of a group see each other", orders.changes_of_a_group_do_not_see_each_other),
    _sale("what is owed back is not owed again", orders.lines_refunded_twice),
    _sale("lines of an act are cancelled together", orders.lines_cancelled_in_part),
    _sale("a seat goes back on sale when its ticket is cancelled", orders.released_before_cancelled),
    _sale("the lines that are released are those asked for", orders.wrong_line_of_the_order),
)

# Guards on real servers: each test removes one and asserts what goes wrong without it.
# The first two: owners compare their epochs every second, and few late copies meet a next owner, so that the simulation
# meets their windows in too few worlds.
NEGATIVE_CONTROLS = (
    (
        "words about claims are proven by the record",
        "tests/unit/inventory/actors/test_stale_words.py",
        "test_words_on_claims_are_proven_by_the_record_",
    ),
    (
        "ended holds are remembered by the store",
        "tests/unit/inventory/actors/test_recovery.py",
        "test_without_the_stores_list_of_ended_holds_a_late_copy_takes_the_seats_again",
    ),
    ("the outbox has no id cursor", "tests/integration/outbox/test_late_committer.py", "test_an_id_cursor_loses_"),
    (
        "inbox row and effect are one",
        "tests/integration/outbox/test_consumer.py",
        "test_a_consumer_that_skips_the_inbox_",
    ),
    (
        "a call that is passed on has its caller's time",
        "tests/integration/runtime/test_call_ids.py",
        "test_the_outgoing_call_has_less_time_than_the_incoming_one",
    ),
    (
        "what has its place is used, of whatever channel",
        "tests/concurrency/test_quota_race.py",
        "test_an_owner_that_does_not_count_is_seen_to_oversell",
    ),
    ("epoch, unique index and fence, one by one", "tests/concurrency/test_two_owners.py", "test_each_guard_stops_"),
    (
        "breaker, lock, pause, fence and the others of the outbound base, one by one",
        "tests/integration/outbound/test_guards.py",
        "test_a_guard_that_is_taken_away_is_missed",
    ),
    (
        "a slow target leaves its place to others",
        "tests/integration/outbound/test_many_targets.py",
        "test_without_places_of_their_own_slow_targets_",
    ),
)
