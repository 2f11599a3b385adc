"""How somebody stands in an audience as far as is known here, and what is to be told there next (R3.16 to R3.18).

Nobody is made a subscriber without a consent that counts at that moment, and no unsubscribe there is undone from here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from services.integrations.mailchimp.domain.profile import Profile

# So long a question may still be under way there after its answer was given up: what is not found is not yet proof.
UNDER_WAY_MS = 300_000


class There(StrEnum):
    """How a member stands there. Values are what the store keeps."""

    # Never told of.
    NOWHERE = ""
    # To be added or told anew: MailChimp may have it already.
    TOLD = "told"
    SUBSCRIBED = "subscribed"
    # MailChimp has asked the person once more.
    PENDING = "pending"
    # To be taken out by us: MailChimp may have done it already.
    LEAVING = "leaving"
    # By us, for the consent was taken back here.
    TAKEN_OUT = "taken_out"
    # By the person, or by the house's people there.
    UNSUBSCRIBED = "unsubscribed"
    # Subscribed there by an act of its own after it was out: none of our business until there is a consent here.
    JOINED = "joined"
    # MailChimp has given the address up.
    CLEANED = "cleaned"
    # Archived or deleted there.
    REMOVED = "removed"
    # MailChimp does not take the member.
    REFUSED = "refused"


class Problem(StrEnum):
    """Why somebody who has consented is no subscriber; names as in balcon.mailchimp.v1.MemberProblem."""

    UNSUBSCRIBED_THERE = "UNSUBSCRIBED_THERE"
    CLEANED_THERE = "CLEANED_THERE"
    REMOVED_THERE = "REMOVED_THERE"
    ADDRESS_REFUSED = "ADDRESS_REFUSED"
    MERGE_FIELD_REFUSED = "MERGE_FIELD_REFUSED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Member:
    """A customer in an audience. `subscriber`: what MailChimp calls the address it has, '' where it was told of none.

    `former`: addresses that it had there and may have yet. `generation` grows with whatever is heard of it;
    `since_ms`: when `there` came about.
    """

    customer_id: str
    generation: int
    subscriber: str = ""
    former: tuple[str, ...] = ()
    there: There = There.NOWHERE
    since_ms: int = 0
    digest: str = ""
    tags: tuple[str, ...] = ()
    problem: Problem | None = None
    erased: bool = False
    # Nothing is left to be told of it, as far as is known.
    is_told: bool = False


class Step(Enum):
    """What is to be told there."""

    # Nothing: as it stands, it is right, or cannot be helped from here.
    NOTHING = "nothing"
    # To be added where nobody is; whoever is there already stays as he is.
    ADD = "add"
    # Told as it is; the state there is never touched.
    TELL = "tell"
    # Taken out by us, and given anew here since: MailChimp asks the person.
    ASK_AGAIN = "ask_again"
    # Unsubscribed.
    TAKE_OUT = "take_out"
    # Deleted for good.
    ERASE = "erase"
    # Nothing of it was ever told there: forgotten here.
    FORGET = "forget"


_MAY_BE_THERE = frozenset({There.TOLD, There.SUBSCRIBED, There.PENDING, There.LEAVING})
_PROBLEM_OF = {
    There.UNSUBSCRIBED: Problem.UNSUBSCRIBED_THERE,
    There.CLEANED: Problem.CLEANED_THERE,
    There.REMOVED: Problem.REMOVED_THERE,
}
_OUT_BY = {problem: there for there, problem in _PROBLEM_OF.items()}
_OUT = frozenset({There.TAKEN_OUT, There.UNSUBSCRIBED, There.CLEANED, There.REMOVED, There.REFUSED})
# Of an address that is another one by now, these say nothing.
_OF_THE_ADDRESS = frozenset({There.CLEANED, There.REFUSED})


def next_step(member: Member, profile: Profile | None) -> Step:
    """`profile` None: no consent counts."""
    if member.erased:
        return Step.ERASE if member.subscriber else Step.FORGET
    if profile is None:
        return Step.TAKE_OUT if member.there in _MAY_BE_THERE else Step.NOTHING
    if member.there is There.NOWHERE:
        return Step.ADD if profile.may_join else Step.NOTHING
    if member.there in {There.TOLD, There.LEAVING}:
        return Step.TELL
    if member.there in {There.SUBSCRIBED, There.PENDING, There.JOINED}:
        # Who came back there and has consented here as well is ours from now on: taken back here, it is told there.
        is_known = member.there is not There.JOINED and member.digest == profile.digest()
        is_news = profile.may_join and not is_known
        return Step.TELL if is_news else Step.NOTHING
    if member.there is There.TAKEN_OUT:
        # It was taken out because a consent was taken back: one that counts now is newer than that.
        return Step.ASK_AGAIN if profile.may_join else Step.NOTHING
    if member.there in _OF_THE_ADDRESS and profile.may_join and member.digest != profile.digest():
        return Step.ADD if member.subscriber != profile.subscriber else Step.TELL
    return Step.NOTHING


def intended(member: Member, step: Step, profile: Profile | None, now_ms: int) -> Member:
    """How a member is kept before it is told there: whoever is killed then must not forget what may have been done."""
    if profile is not None and step in {Step.ADD, Step.TELL}:
        is_renamed = member.subscriber not in {"", profile.subscriber}
        if is_renamed or step is Step.ADD or member.there in {There.TOLD, There.REFUSED}:
            former = (*member.former, member.subscriber) if is_renamed else member.former
            return replace(member, there=There.TOLD, subscriber=profile.subscriber, former=former, since_ms=now_ms)
    if step is Step.TAKE_OUT and member.there is not There.TOLD:
        return replace(member, there=There.LEAVING, since_ms=now_ms)
    return member


def problem_of(member: Member, profile: Profile | None) -> Problem | None:
    """What keeps somebody who has consented from being a subscriber, as it stands."""
    if profile is None:
        return None
    if member.there is There.REFUSED:
        return member.problem or Problem.OTHER
    return _PROBLEM_OF.get(member.there)


def out_by(problem: Problem) -> There:
    """How somebody stands whom MailChimp does not take because of it; not to be asked about again."""
    return _OUT_BY.get(problem, There.REFUSED)


def heard(member: Member, there: There) -> There:
    """How somebody stands once MailChimp tells by itself: an unsubscribe that we have asked for is ours."""
    if there is There.UNSUBSCRIBED and member.there in {There.LEAVING, There.TAKEN_OUT}:
        return There.TAKEN_OUT
    if there in {There.SUBSCRIBED, There.PENDING}:
        if member.there in {There.LEAVING, There.JOINED}:
            # Told before we asked; or known.
            return member.there
        return There.JOINED if member.there in _OUT else there
    return there


def is_new_no(member: Member, there: There) -> bool:
    """Whether MailChimp tells of an unsubscribe that was not said from here and is not known yet."""
    return heard(member, there) is There.UNSUBSCRIBED and member.there is not There.UNSUBSCRIBED


def is_settled_by_absence(member: Member, now_ms: int) -> bool:
    """Whether that nobody is found there proves that nobody comes: what was told may still be under way."""
    return member.there is not There.TOLD or now_ms - member.since_ms >= UNDER_WAY_MS
