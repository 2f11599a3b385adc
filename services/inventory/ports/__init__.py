"""What the inventory needs from outside: two fenced stores, the directory of owners, liveness, performances, a feed.

Adapters live in adapters/; each in-memory twin passes the same contract suite as the real one.
"""

from __future__ import annotations

from services.inventory.domain.recorded import PerformanceRecord
from services.inventory.ports.availability import Availability, AvailabilityFeed
from services.inventory.ports.block_list import BlockList
from services.inventory.ports.claim_store import ClaimStore
from services.inventory.ports.directory import Directory, OwnedPerformance, Owner
from services.inventory.ports.due_reservations import DueReservation, DueReservations
from services.inventory.ports.due_returns import DueReturn, DueReturns
from services.inventory.ports.faults import ClaimConflict, Fenced, RecordRefused, WritesLost
from services.inventory.ports.hall_plans import HallPlans
from services.inventory.ports.hold_store import HoldStore, HoldWrites, OpenedHolds
from services.inventory.ports.lease_store import LeaseStore
from services.inventory.ports.membership import Membership, NodeInfo
from services.inventory.ports.performances import Performance, Performances, SeatPlan
from services.inventory.ports.plan_store import PlanStore
from services.inventory.ports.record_audit import SeatRecordAudit
from services.runtime.errors import StoreUnavailable

__all__ = [
    "Availability",
    "AvailabilityFeed",
    "BlockList",
    "ClaimConflict",
    "ClaimStore",
    "Directory",
    "DueReturn",
    "DueReturns",
    "DueReservation",
    "DueReservations",
    "Fenced",
    "HallPlans",
    "HoldStore",
    "HoldWrites",
    "LeaseStore",
    "Membership",
    "NodeInfo",
    "OpenedHolds",
    "OwnedPerformance",
    "Owner",
    "Performance",
    "PerformanceRecord",
    "PlanStore",
    "Performances",
    "RecordRefused",
    "SeatPlan",
    "SeatRecordAudit",
    "StoreUnavailable",
    "WritesLost",
]
