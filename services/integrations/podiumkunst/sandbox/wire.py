"""What the platform takes and gives, strictly: unknown fields, wrong kinds and negative numbers are refused."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
_Cents = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
# Local time of the theatre, without a zone.
_Local = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")]


class Province(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a theatre; the regional view."""

    id: _Text
    name: _Text


class Theater(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Kept by the platform."""

    id: _Text
    name: _Text
    province: Province
    type: Literal["Theater", "Festival", "Other"] = "Theater"


class Hall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a theatre."""

    name: _Text


class Production(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a provider brings."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[^|]+$", max_length=60)]
    name: _Text
    performer: str = ""


class Performance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What providers have entered. Its whole number is production|number; no part of it is there to count with."""

    production: Production
    number: Annotated[str, msgspec.Meta(pattern=r"^[^|]+$", max_length=40)]
    date: _Local
    theater: Theater
    hall: Hall | None = None
    season: str = ""
    status: Literal["agreed", "cancellation"] = "agreed"
    type: Literal["normal", "premiere", "tryout", "derniere", "montage"] = "normal"
    private: bool = False
    school: bool = False
    amount_rank1: _Count = 0
    amount_rank2: _Count = 0
    amount_rank3: _Count = 0
    amount_rank4: _Count = 0
    amount_rank5: _Count = 0
    amount_rank6: _Count = 0
    amount_rank7: _Count = 0
    amount_rank8: _Count = 0
    amount_rank9: _Count = 0
    amount_rank10: _Count = 0

    @property
    def whole_number(self) -> str:
        """As staff write it."""
        return f"{self.production.id}|{self.number}"


class KindFigures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one ticket kind."""

    kind: Literal["normal", "discount", "free", "other"]
    amount: _Count
    recette: _Cents


class TicketsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PUT /tickets/cumulative: all that was ever sold and not given back, by kind."""

    production: _Text
    number: _Text
    tickets: Annotated[list[KindFigures], msgspec.Meta(min_length=1, max_length=4)]

    def __post_init__(self) -> None:
        kinds = [told.kind for told in self.tickets]
        if len(set(kinds)) < len(kinds):
            raise ValueError("tickets: a kind is there twice")


class ReservationsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PUT /reservations/cumulative: what is reserved now."""

    production: _Text
    number: _Text
    amount: _Count
    recette: _Cents


class BlockedTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PUT /blockedseats/cumulative: what is blocked now, and its worth where it is known."""

    production: _Text
    number: _Text
    amount: _Count
    value: _Cents = 0


class CapacityTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """PUT /productions/{production}/performances/{number}/capacity: seats by rank."""

    amount_rank1: _Count
    amount_rank2: _Count = 0
    amount_rank3: _Count = 0
    amount_rank4: _Count = 0
    amount_rank5: _Count = 0
    amount_rank6: _Count = 0
    amount_rank7: _Count = 0
    amount_rank8: _Count = 0
    amount_rank9: _Count = 0
    amount_rank10: _Count = 0


class ClientWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /double/clients: an account of a theatre."""

    client_id: _Text
    client_secret: _Text


class Misbehaviour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST /double/clients/{client_id}/misbehave. `times` 0: until told otherwise; `path`: calls that begin so only."""

    how: Literal["", "500", "html", "wrong_json", "error_in_200", "silence", "token_refused", "kept_then_500", "429"]
    times: _Count = 0
    path: str = "/"
