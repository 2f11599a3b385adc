"""What a set of seeds must have met to count (RULE 37): a simulator that meets nothing proves nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

# Counter and what it means. Each must be above zero over 200 seeds.
MUST_BE_MET: Mapping[str, str] = {
    "takeover": "a node took a performance that another had not released",
    "lease_ttl_zero": "a world in which no lease ever stands",
    "log_performance_activated_lease_lost": "an owner dropped its memory because its lease had run out",
    "redis_Fenced": "the hold store refused a superseded owner",
    "postgres_Fenced": "the record refused a superseded owner",
    "redis_WritesLost": "the hold store noticed that it had lost writes (GAP)",
    "unknown_outcome": "a write happened and its reply was lost",
    "log_memory_dropped_StoreUnavailable": "an owner gave up on a store and dropped its memory",
    "log_stale_holds_dropped": "a new owner found holds that the record overruled",
    "told_NOT_OWNER": "a caller was sent to another node",
    "dropped_DEADLINE_PASSED": "a command was dropped because nobody waited for it any more",
    "late_request": "a request arrived after its caller had given up",
    "twice": "a request was delivered twice",
    "crash": "a node was killed",
    "stop": "a node was told to stop",
    "freeze": "a node was frozen and woke up later",
    "partition": "a link was cut",
    "failover": "the hold store failed over and forgot its last writes",
    "flush": "FLUSHALL",
    "clock_step": "the hold store's wall clock was set",
    "ClaimSeats_yes": "seats were claimed",
    "ConfirmClaim_yes": "seats were sold",
    "CancelSale_yes": "sold seats came back",
    "HoldBestAvailable_yes": "best available seats were held",
    "MoveHold_yes": "a hold was moved",
    "shop_crash": "a process of the orders service was killed",
    "shop_freeze": "a process of the orders service was frozen and woke up later",
    "report_twice": "a payment's report was delivered twice",
    "reporting_crash": "a consumer of events was killed, some of them after a freeze",
    "late_committer": "an outbox row showed after rows with higher ids",
    "log_outbox_lost": "a relay found that another holds its outbox",
    "log_bus_refuses": "a relay was not told whether the bus has its events",
    "log_partition_lost": "a consumer finished a batch of a partition that another has by now",
    "event_applied": "an event took effect",
    "ended_CONFIRMED": "an order ended with tickets",
    "ended_CANCELLED": "an order ended without",
    "claimed_again_after_cancel": "late money claimed its seats again",
    "refunded_after_cancel": "late money found its seats gone and went back (REFUND_DUE)",
    "refunded_by_the_house": "a confirmed order was refunded",
    "forwarded": "a node passed a call on to the owner",
    "forward_answered": "the owner's answer was passed back",
    "forward_refused": "the owner's no was passed back",
    "forward_away": "the owner was away, or its connection broke: the node that was asked decided itself",
    "forward_unknown": "the owner has decided, and the node that passed the call on was not told",
    "plain_yes": "somebody who cannot follow hints was obeyed",
    "routed_yes": "somebody who follows hints, with the real routing, was obeyed",
    "forwarded_watch": "a node passed a watch on to the owner",
    "watch_delta": "a watcher heard what had changed",
    "watch_coalesced": "a watcher was shown several turns at once",
    "watch_cut": "a slow watcher was cut off",
    "watch_resynced": "a watcher came back to the same owner for a new snapshot",
    "watch_moved": "a watcher came back to a new owner",
    "viewer_in_sync": "after the storm, a watcher shows what the stores have",
    "ReleaseHold_yes": "a hold was let go",
}


def missing(met: Counter[str]) -> list[str]:
    """What was not met, in words."""
    return [f"{name}: {meaning}" for name, meaning in MUST_BE_MET.items() if not met[name]]
