"""Each guard of the outbound base is taken away by a patch, and a bad day that was fine with it is seen to go wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from services.runtime.outbound import desk, leases, queue, target_run
from services.runtime.outbound.retrying import CLOSED, after_fault, wait_ms
from services.runtime.outbound.target_run import TargetRun
from tests.integration.outbound import scenarios
from tests.integration.outbound.stage import Stage
from tests.integration.outbound.test_bad_days import Scenario

Mutant = Callable[[pytest.MonkeyPatch], None]


def _without(patch: pytest.MonkeyPatch, module: Any, statement: str, condition: str, instead: str) -> None:
    sql = getattr(module, statement).text
    assert condition in sql
    patch.setattr(module, statement, text(sql.replace(condition, instead)))


def no_breaker(patch: pytest.MonkeyPatch) -> None:
    """Faults of a target are not counted."""
    patch.setattr(target_run, "after_fault", lambda _, **__: CLOSED)


def retry_after_unheard(patch: pytest.MonkeyPatch) -> None:
    """Whatever a target asks for, its rest is ours to choose."""
    patch.setattr(target_run, "after_fault", lambda health, **known: after_fault(health, **{**known, "asked_ms": 0}))
    patch.setattr(target_run, "wait_ms", lambda tries, **known: wait_ms(tries, **{**known, "asked_ms": 0}))


def locks_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A target that lets nobody in is asked on."""
    _without(patch, leases, "_LEASE", "t.locked_at_ms IS NULL", "true")
    _without(patch, leases, "_KEEP", "locked_at_ms IS NULL", "true")


def pauses_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether staff have paused a target before its turn."""
    _without(patch, leases, "_LEASE", "t.paused_at_ms IS NULL", "true")
    _without(patch, leases, "_KEEP", "paused_at_ms IS NULL", "true")


def pauses_seen_at_the_next_turn(patch: pytest.MonkeyPatch) -> None:
    """A turn goes on though its target was paused meanwhile."""
    _without(patch, leases, "_KEEP", "paused_at_ms IS NULL", "true")


def nothing_expires_on_its_turn(patch: pytest.MonkeyPatch) -> None:
    """What is over is carried like the rest."""
    opened = TargetRun._opened

    def all_of_them(run: TargetRun, found: Any) -> Any:
        clock = run._parts.clock
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(clock, "now_ms", lambda: 0)
            return opened(run, found)

    patch.setattr(TargetRun, "_opened", all_of_them)


def replay_of_what_is_gone(patch: pytest.MonkeyPatch) -> None:
    """What is kept no longer is sent again."""
    _without(patch, desk, "_REPLAY", "AND body IS NOT NULL", "")


def no_fence(patch: pytest.MonkeyPatch) -> None:
    """Whoever had a target once speaks for it for ever."""
    _without(patch, leases, "_TARGET_TOLD", "AND fence = :fence", "AND :fence > 0")


def old_credentials_lock_out_the_new(patch: pytest.MonkeyPatch) -> None:
    """Whatever is answered locks, whenever it was asked."""
    _without(patch, leases, "_TARGET_TOLD", "OR mends <> :mends", "OR mends < :mends")


def rests_of_before_a_resume(patch: pytest.MonkeyPatch) -> None:
    """A target rests for what it answered before it was resumed."""
    _without(patch, leases, "_TARGET_TOLD", "WHEN mends = :mends", "WHEN mends >= :mends")


def batches_of_poison(patch: pytest.MonkeyPatch) -> None:
    """What broke a batch is batched again."""
    _without(patch, leases, "_DISPATCHES_TOLD", "alone = d.alone OR r.alone", "alone = false")


def lanes_side_by_side(patch: pytest.MonkeyPatch) -> None:
    """The second of a lane does not wait for the first."""
    _without(patch, leases, "_DUE", leases._FIRST_OF_ITS_LANE, "true")


def dropped_bodies_kept(patch: pytest.MonkeyPatch) -> None:
    """What nobody needs any more is kept."""
    _without(patch, queue, "_DROP", ", body = NULL", "")


@pytest.mark.parametrize(
    ("mutant", "scenario"),
    [
        (no_breaker, scenarios.a_target_that_is_away_is_left_alone_and_tried_by_one_call),
        (retry_after_unheard, scenarios.retry_after_is_heeded_for_the_whole_target),
        (locks_forgotten, scenarios.a_house_that_is_not_let_in_loses_nothing),
        (pauses_forgotten, scenarios.nothing_goes_to_a_paused_target),
        (pauses_seen_at_the_next_turn, scenarios.a_pause_ends_a_turn_after_the_call_that_is_under_way),
        (nothing_expires_on_its_turn, scenarios.what_is_over_is_not_told),
        (replay_of_what_is_gone, scenarios.only_what_is_kept_is_sent_again),
        (no_fence, scenarios.a_process_that_lost_its_target_decides_nothing),
        (
            old_credentials_lock_out_the_new,
            scenarios.an_account_that_is_mended_while_the_old_one_is_refused_stays_mended,
        ),
        (rests_of_before_a_resume, scenarios.a_target_that_is_resumed_while_it_fails_is_tried_at_once),
        (batches_of_poison, scenarios.a_dispatch_that_breaks_the_carrier_sinks_no_batch_twice),
        (lanes_side_by_side, scenarios.a_dispatch_that_fails_alone_keeps_its_lane_waiting_and_nobody_else),
        (dropped_bodies_kept, scenarios.what_is_dropped_is_not_told_and_not_kept),
    ],
    ids=lambda given: given.__name__,
)
async def test_a_guard_that_is_taken_away_is_missed(
    mutant: Mutant, scenario: Scenario, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        await scenario(stage)
