"""A plain hall of any size, as a seating plan document: rows of a hundred seats."""

from __future__ import annotations

import msgspec

SEATS_A_ROW = 100
_PITCH = 25


def plain_hall(capacity: int) -> bytes:
    """The JSON of a plan with `capacity` seats in one zone and one category."""
    rows = []
    for start in range(0, capacity, SEATS_A_ROW):
        number = start // SEATS_A_ROW + 1
        seats = [
            {
                "seat_guid": f"{number}-{seat + 1}",
                "seat_number": str(seat + 1),
                "position": {"x": seat * _PITCH, "y": 0},
                "category": "All",
            }
            for seat in range(min(SEATS_A_ROW, capacity - start))
        ]
        rows.append({"row_number": str(number), "position": {"x": 0, "y": number * _PITCH}, "seats": seats})
    size = {"width": SEATS_A_ROW * _PITCH, "height": (len(rows) + 1) * _PITCH}
    zone = {"name": "Hall", "zone_id": "hall", "position": {"x": 0, "y": 0}, "rows": rows, "areas": []}
    plan = {"name": f"Plain hall {capacity}", "categories": [{"name": "All", "color": "#1D3557"}], "size": size}
    return msgspec.json.encode({**plan, "zones": [zone]})
