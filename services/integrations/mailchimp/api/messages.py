"""Accounts and syncs between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from collections.abc import Iterable

from balcon.mailchimp.v1 import mailchimp_service_pb2 as pb

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant
from services.integrations.mailchimp.domain.account import Account
from services.integrations.mailchimp.domain.audience_sync import (
    AudienceSync,
    Direction,
    Joining,
    Manner,
    MergeField,
    MergeValue,
)
from services.integrations.mailchimp.ports.mailchimp import TheirAudience
from services.integrations.mailchimp.ports.store import Progress, Troubled
from services.runtime.errors import UNSET, FieldInvalid, refused_fields

_VALUES = {pb.MergeValue.Value(f"MERGE_VALUE_{one.value}"): one for one in MergeValue}
_JOINING = {
    pb.JOINING_UNSPECIFIED: Joining.SUBSCRIBED,
    **{pb.Joining.Value(f"JOINING_{one.value}"): one for one in Joining},
}
_DIRECTION = {
    pb.DIRECTION_UNSPECIFIED: Direction.ONE_WAY,
    **{pb.Direction.Value(f"DIRECTION_{one.value}"): one for one in Direction},
}


def manner_of(wire: pb.CreateAudienceSyncRequest | pb.AudienceSyncChange, prefix: str = "") -> Manner | FieldInvalid:
    """How it is to be done, or the words that are unknown."""
    values = [_VALUES.get(one.filled_with) for one in wire.merge_fields]
    joining, direction = _JOINING.get(wire.joining), _DIRECTION.get(wire.direction)
    wrong = refused_fields(
        (
            *(
                _unknown(f"{prefix}merge_fields[{place}].filled_with", wire.merge_fields[place].filled_with, MergeValue)
                for place, value in enumerate(values)
                if value is None
            ),
            None if joining else _unknown(f"{prefix}joining", wire.joining, Joining),
            None if direction else _unknown(f"{prefix}direction", wire.direction, Direction),
        )
    )
    if wrong is not None or joining is None or direction is None:
        assert wrong is not None, "one of them is unknown"
        return wrong
    fields = zip(wire.merge_fields, values, strict=True)
    return Manner(
        merge_fields=tuple(MergeField(one.merge_tag, value) for one, value in fields if value is not None),
        sends_language=wire.sends_language,
        tags=tuple(tag.strip() for tag in wire.tags),
        joining=joining,
        direction=direction,
        marketing_permission_ids=tuple(wire.marketing_permission_ids),
    )


def _unknown(
    field: str, wire: int, known: Iterable[MergeValue] | Iterable[Joining] | Iterable[Direction]
) -> FieldInvalid:
    return FieldInvalid(field, f"{wire} is unknown" if wire else UNSET, ", ".join(one.value for one in known))


def account_message(account: Account) -> pb.Account:
    """Without its key."""
    return pb.Account(
        house_id=account.house_id,
        data_centre=account.data_centre,
        key_tail=account.tail,
        set_at=wire_instant(account.set_at_ms),
    )


def audience_message(audience: TheirAudience) -> pb.Audience:
    """An audience there."""
    return pb.Audience(list_id=audience.list_id, name=audience.name, members=audience.members)


def sync_message(sync: AudienceSync) -> pb.AudienceSync:
    """A sync."""
    return pb.AudienceSync(
        house_id=sync.house_id,
        sync_id=sync.sync_id,
        consent_id=sync.consent_id,
        list_id=sync.list_id,
        merge_fields=[
            pb.MergeField(merge_tag=one.tag, filled_with=pb.MergeValue.Value(f"MERGE_VALUE_{one.value.value}"))
            for one in sync.merge_fields
        ],
        sends_language=sync.sends_language,
        tags=sync.manner.tags,
        joining=pb.Joining.Value(f"JOINING_{sync.joining.value}"),
        direction=pb.Direction.Value(f"DIRECTION_{sync.manner.direction.value}"),
        marketing_permission_ids=sync.permissions,
        archived=sync.archived,
        created_at=wire_instant(sync.created_at_ms),
        etag=etag_of(sync.revision),
    )


def progress_message(progress: Progress) -> pb.SyncProgress:
    """How far a sync is."""
    phase = pb.SYNC_PHASE_UP_TO_DATE if not progress.waiting else pb.SYNC_PHASE_CHANGES
    return pb.SyncProgress(
        phase=phase if progress.first_done else pb.SYNC_PHASE_FIRST,
        consented=progress.consented,
        done=progress.done,
        waiting=progress.waiting,
        problems=[
            pb.ProblemCount(problem=pb.MemberProblem.Value(f"MEMBER_PROBLEM_{problem.value}"), members=count)
            for problem, count in sorted(progress.problems.items())
        ],
        moved_at=wire_instant(progress.moved_at_ms) if progress.moved_at_ms else None,
    )


def troubled_message(member: Troubled) -> pb.MemberProblemEntry:
    """Somebody who is no subscriber."""
    return pb.MemberProblemEntry(
        customer_id=member.customer_id,
        problem=pb.MemberProblem.Value(f"MEMBER_PROBLEM_{member.problem.value}"),
        since_at=wire_instant(member.since_ms),
    )
