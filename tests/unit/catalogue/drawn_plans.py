"""Plan documents as hypothesis draws them: everything that is read, and much that is only drawn, right and wrong."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.unit.catalogue.plan_documents import Document

NUMBERS = st.one_of(
    st.integers(-1_000, 1_000), st.floats(-1_000, 1_000, allow_nan=False), st.sampled_from([0.1, 1e-9, -0.0])
)
JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5),
    st.just([]), st.just({"x": 1}), st.just({"text": 3}),
)  # fmt: skip
POSITIONS = st.fixed_dictionaries({"x": NUMBERS, "y": NUMBERS})
LABELS = st.sampled_from([None, "", "Reihe %s links", "%s%s", "plain", "100 %"])
TEXTS = st.one_of(
    JUNK,
    st.text(max_size=10),
    st.fixed_dictionaries(
        {"text": st.text(max_size=10)}, optional={"position": POSITIONS | JUNK, "color": JUNK, "size": JUNK}
    ),
)
DRAWN: dict[str, st.SearchStrategy[Any]] = {
    "uuid": st.sampled_from(["a", "b", "standing-0-0", "", "u" * 65]) | JUNK,
    "color": JUNK,
    "border_color": JUNK,
    "rotation": NUMBERS | JUNK,
    "shape": st.sampled_from(["polygon", "rectangle", "ellipse", "circle", "text", "star"]) | JUNK,
    "polygon": st.fixed_dictionaries({"points": st.lists(POSITIONS, max_size=3) | JUNK}) | JUNK,
    "ellipse": st.fixed_dictionaries({"radius": POSITIONS | JUNK}) | JUNK,
    "circle": st.fixed_dictionaries({"radius": NUMBERS | JUNK}) | JUNK,
    "text": TEXTS,
    "what_nobody_knows": JUNK,
}
SIZES = st.fixed_dictionaries({"width": st.integers(0, 500) | st.floats(0, 500), "height": st.integers(0, 500)})


@st.composite
def rows(draw: st.DrawFn, name: str) -> Document:
    """A row of at most six seats; a companion only beside an accessible seat."""
    count = draw(st.integers(0, 6))
    seats: list[Document] = []
    for index in range(count):
        seat: Document = {
            "seat_guid": f"{name}-{index}",
            "seat_number": str(index),
            "position": {"x": index * 25 + draw(st.sampled_from([0, 0.5])), "y": draw(st.sampled_from([0, 1.25]))},
            "category": draw(st.sampled_from(["Stalls", "Balcony", "Wheelchair"])),
        }
        seat |= draw(
            st.fixed_dictionaries(
                {},
                optional={"uuid": JUNK, "radius": NUMBERS | JUNK, "start_direction": JUNK, "seat_label": LABELS},
            )
        )
        if draw(st.booleans()):
            seat["accessible"] = draw(st.sampled_from([True, False, None]))
        before = seats[-1] if seats else None
        is_accessible = seat["category"] == "Wheelchair" or seat.get("accessible")
        if (
            before is not None
            and (before["category"] == "Wheelchair" or before.get("accessible"))
            and not is_accessible
            and draw(st.booleans())
        ):
            seat["companion"] = True
        seats.append(seat)
    row: Document = {"row_number": name, "seats": seats}
    return row | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "position": POSITIONS,
                "row_number_position": st.sampled_from(["both", "start", "end", "left", "right", "none", None]) | JUNK,
                "row_label": LABELS,
                "seat_label": LABELS,
                "uuid": JUNK,
            },
        )
    )


@st.composite
def areas(draw: st.DrawFn, name: str) -> Document:
    """Only drawn, or with places."""
    area: Document = draw(st.fixed_dictionaries({}, optional=DRAWN))
    if draw(st.booleans()):
        area |= {"name": name, "capacity": draw(st.integers(1, 5)), "category": "Stalls"}
        area |= draw(st.fixed_dictionaries({}, optional={"position": POSITIONS, "rectangle": SIZES}))
        return area
    return area | draw(st.fixed_dictionaries({}, optional={"position": POSITIONS | JUNK, "rectangle": SIZES | JUNK}))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document that is in order, whatever it draws."""
    zones: list[Document] = []
    for zone_index in range(draw(st.integers(1, 3))):
        zone: Document = {
            "name": f"Zone {zone_index}",
            "rows": [draw(rows(f"{zone_index}-{index}")) for index in range(draw(st.integers(0, 3)))],
        }
        zone |= draw(st.fixed_dictionaries({}, optional={"position": POSITIONS, "zone_id": st.just("z"), "uuid": JUNK}))
        if draw(st.booleans()):
            zone["areas"] = [draw(areas(f"Area {zone_index} {at}")) for at in range(draw(st.integers(0, 3)))]
        zones.append(zone)
    zones[0]["rows"].append(
        {"row_number": "X", "seats": [{"seat_guid": "x", "seat_number": "1", "position": {"x": 0, "y": 0},
                                       "category": "Stalls"}]}
    )  # fmt: skip
    named: list[Document] = [{"name": "Stalls"}, {"name": "Balcony"}, {"name": "Wheelchair", "accessible": True}]
    colors = st.fixed_dictionaries({}, optional={"color": JUNK | st.just("#abc")})
    categories = [category | draw(colors) for category in named]
    document: Document = {"name": "Drawn", "categories": categories, "zones": zones}
    return document | draw(st.fixed_dictionaries({}, optional={"size": SIZES | JUNK, "focal_point": POSITIONS}))
