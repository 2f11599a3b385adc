"""What a house may put into a package, and into its form: all that is wrong is told at once, by its field."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.catalogue.api.form_field_messages import form_field_message, form_field_of
from services.catalogue.api.package_messages import package_message, package_of
from services.catalogue.domain.form_field import FormChoice, FormField, refused_form_field
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.package import Package, PackagePrice, PackageRule, refused_package
from services.catalogue.domain.ticket_type import LocalName
from services.contracts.channels import Channel
from services.contracts.order_forms import FormFieldKind
from services.runtime.errors import FieldInvalid

SHOWS = ("prf_1", "prf_2", "prf_3")
SEASON = Package("Season", SHOWS, PackageRule.PERCENT_OFF, basis_points=2_000)
NAME = FormField("Name of the visitor", FormFieldKind.TEXT, required=True, of_tickets=True)
DIET = FormField("Diet", FormFieldKind.CHOICE, choices=(FormChoice("none", "None"), FormChoice("vegan", "Vegan")))


def fields(refusal: FieldInvalid | None) -> list[str]:
    return [] if refusal is None else [one.field for one in refusal.violations()]


@pytest.mark.parametrize(
    ("package", "wrong"),
    [
        (SEASON, []),
        (replace(SEASON, performance_ids=()), ["performance_ids"]),
        (replace(SEASON, performance_ids=("prf_1", "prf_1")), ["performance_ids[1]"]),
        (replace(SEASON, performance_ids=tuple(f"prf_{n}" for n in range(21))), ["performance_ids"]),
        (replace(SEASON, performance_ids=tuple(f"prf_{n}" for n in range(21)), min_performances=5), []),
        (replace(SEASON, min_performances=4), ["min_performances"]),
        (replace(SEASON, min_performances=3, max_performances=2), ["max_performances"]),
        (replace(SEASON, max_performances=2), ["max_performances"]),
        (replace(SEASON, rule=None), ["rule"]),
        (replace(SEASON, basis_points=10_001), ["basis_points"]),
        (replace(SEASON, rule=PackageRule.EACH_NTH_FREE), ["nth"]),
        (replace(SEASON, rule=PackageRule.FIXED_PRICE), ["prices"]),
        (
            replace(SEASON, rule=PackageRule.FIXED_PRICE, prices=(PackagePrice("Stalls", -1, ""),) * 2),
            [
                "prices[0].amount.amount_minor",
                "prices[0].amount.currency",
                "prices[1].category",
                "prices[1].amount.amount_minor",
                "prices[1].amount.currency",
            ],
        ),
        (replace(SEASON, name="", max_per_customer=101, channels=(None,)), ["name", "channels", "max_per_customer"]),
    ],
)
def test_what_is_wrong_with_a_package_is_told_by_its_fields(package: Package, wrong: list[str]) -> None:
    assert fields(refused_package("season", package)) == [f"package.{one}" for one in wrong]


@pytest.mark.parametrize(
    ("form_field", "wrong"),
    [
        (NAME, []),
        (DIET, []),
        (replace(NAME, kind=None), ["kind"]),
        (replace(NAME, at_most=201), ["at_most"]),
        (replace(NAME, kind=FormFieldKind.LONG_TEXT, at_most=2_000), []),
        (replace(NAME, at_least=5, at_most=4), ["at_least"]),
        (replace(DIET, choices=()), ["choices"]),
        (replace(DIET, choices=(DIET.choices[0],) * 2), ["choices[1].choice_id"]),
        (replace(DIET, kind=FormFieldKind.CHOICES, at_least=3), ["at_least"]),
        (replace(NAME, kind=FormFieldKind.NUMBER, at_least=-5, at_most=10**13), ["at_most"]),
        (
            replace(NAME, from_date="2026-02-30", until_date="tomorrow"),
            ["from_date", "until_date"],
        ),
        (replace(NAME, kind=FormFieldKind.DATE, from_date="2026-02-02", until_date="2026-02-01"), ["until_date"]),
        (replace(NAME, label="", hint="x" * 501, position=10_001), ["label", "hint", "position"]),
        (replace(NAME, translations=(LocalName("nl", ""),)), ["translations[0].name"]),
    ],
)
def test_r2_11_what_is_wrong_with_a_field_of_the_form_is_told_by_its_fields(
    form_field: FormField, wrong: list[str]
) -> None:
    assert fields(refused_form_field("visitor", form_field)) == [f"form_field.{one}" for one in wrong]


def test_both_go_over_the_wire_and_back() -> None:
    package = replace(
        SEASON,
        rule=PackageRule.FIXED_PRICE,
        prices=(PackagePrice("Stalls", 5_000, "EUR"),),
        channels=(Channel.ONLINE,),
        translations=(LocalName("nl", "Abonnement"),),
        starts_at=1_000,
        max_uses=5,
    )
    assert package_of(package_message(Kept("hse_1", "season", package, 1))) == package
    for one in (NAME, replace(DIET, at_least=1, performance_ids=SHOWS, hint_translations=(LocalName("nl", "Kies"),))):
        assert form_field_of(form_field_message(Kept("hse_1", "visitor", one, 1))) == one


def test_a_field_of_some_performances_is_asked_of_orders_with_one_of_them() -> None:
    some = replace(NAME, performance_ids=("prf_1", "prf_2"))
    assert some.is_asked_of(("prf_2", "prf_9"))
    assert not some.is_asked_of(("prf_9",))
    assert NAME.is_asked_of(("prf_9",))
