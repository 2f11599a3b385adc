"""People in the form that each company compares: the companies' own published examples, and what is left out."""

from __future__ import annotations

import pytest

from services.integrations.trackers.domain.hashing import (
    Person,
    email_of,
    google_email_of,
    google_person,
    meta_person,
    phone_of,
    sha256,
    x_person,
)

JANE = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"
PHONE = "e03d152bbe638d9fe7a04f9b88a67674bf15b73c0981755c16eb78d177721e03"


@pytest.mark.parametrize("written", ["jane.doe@example.com", "  Jane.Doe@Example.com \n"])
def test_an_address_is_hashed_as_the_vector_of_integrations_md(written: str) -> None:
    assert meta_person(Person(email=written)) == {"em": JANE}
    assert x_person(Person(email=written)) == ({"hashed_email": JANE},)
    assert google_person(Person(email=written)) == ({"emailAddress": JANE},)


@pytest.mark.parametrize(
    ("written", "country"), [("+31 6 12345678", ""), ("06-12345678", "nl"), ("0031612345678", "NL")]
)
def test_meta_hashes_a_phone_without_plus_as_the_vector_of_integrations_md(written: str, country: str) -> None:
    assert meta_person(Person(phone=written, country=country))["ph"] == PHONE


# Meta's page of customer information parameters.
@pytest.mark.parametrize(
    ("person", "name", "expected"),
    [
        (
            Person(email="John_Smith@gmail.com"),
            "em",
            "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
        ),
        (
            Person(phone="(650)555-1212", country="US"),
            "ph",
            "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
        ),
        (Person(given_name="Mary"), "fn", "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"),
        (Person(given_name="정"), "fn", "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14"),
        (Person(given_name="Valéry"), "fn", "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c"),
    ],
)
def test_metas_own_examples_come_out_as_it_publishes_them(person: Person, name: str, expected: str) -> None:
    assert meta_person(person)[name] == expected


@pytest.mark.parametrize(
    ("person", "name", "normal"),
    [
        (Person(family_name=" O'Brien-Smith "), "ln", "obriensmith"),
        (Person(city="'s-Hertogenbosch"), "ct", "shertogenbosch"),
        (Person(city="New York"), "ct", "newyork"),
        (Person(region="Noord-Holland"), "st", "noordholland"),
        (Person(postal_code="1017 PT", country="NL"), "zp", "1017pt"),
        (Person(postal_code="94035-1234", country="us"), "zp", "94035"),
        (Person(country="NL"), "country", "nl"),
        (Person(gender="Female"), "ge", "f"),
        (Person(born_on="1985-02-28"), "db", "19850228"),
        (Person(customer_id="cus-1"), "external_id", "cus-1"),
    ],
)
def test_meta_compares_without_punctuation_and_space(person: Person, name: str, normal: str) -> None:
    assert meta_person(person)[name] == sha256(normal)


# The formatter that Google publishes, by its tests.
@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("QuinnY@EXAMPLE.com", "quinny@example.com"),
        ("Jefferson.Loves.hiking@gmail.com", "jeffersonloveshiking@gmail.com"),
        ("Jefferson.LOVES.Hiking@googlemail.com", "jeffersonloveshiking@googlemail.com"),
        ("Cloudy.SanFrancisco+shopping@googlemail.com", "cloudysanfrancisco@googlemail.com"),
        ("user.name+NYC@Example.com", "user.name+nyc@example.com"),
        ("...@gmail.com", ""),
    ],
)
def test_google_knows_its_own_mail_without_dots_and_plus(written: str, normal: str) -> None:
    assert google_email_of(written) == normal


def test_googles_own_examples_come_out_as_it_publishes_them() -> None:
    (email, phone, address) = google_person(
        Person(
            email="  ALEXZ@example.com   ",
            phone="+1 800-555-0100",
            given_name="  GivenName  ",
            family_name="FamilyName ",
            postal_code=" 1229-076 ",
            country=" us",
        )
    )
    assert email == {"emailAddress": "509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a"}
    assert phone == {"phoneNumber": "fb4f73a6ec5fdb7077d564cdd22c3554b43ce49168550c3b12c547b78c517b30"}
    assert address == {
        "address": {
            "givenName": "128a07bfe2df877c52076e60d7774cf5baaa046c5a6c48daf30ff43ecca2f814",
            "familyName": "77762c287e61ce065bee5c15464012c6fbe088398b8057627d5577249430d574",
            "regionCode": "US",
            "postalCode": "1229-076",
        }
    }


def test_google_and_x_hash_a_phone_with_its_plus() -> None:
    expected = sha256("+31612345678")
    assert google_person(Person(phone="+31 6 12345678")) == ({"phoneNumber": expected},)
    assert x_person(Person(phone="+31 6 12345678")) == ({"hashed_phone_number": expected},)


def test_half_an_address_of_a_person_is_not_sent_to_google() -> None:
    assert google_person(Person(given_name="Jane", family_name="Doe", country="NL")) == ()


@pytest.mark.parametrize("written", ["", " ", "nobody", "@example.com", "a@", "a@b@c", "a b@example.com"])
def test_what_is_no_address_is_left_out(written: str) -> None:
    assert email_of(written) == google_email_of(written) == ""


@pytest.mark.parametrize("written", ["", "06-12345678", "hello", "+31", "+" + "9" * 30])
def test_what_is_no_number_of_a_known_country_is_left_out(written: str) -> None:
    assert phone_of(written) == ""


def test_of_nobody_nothing_is_sent() -> None:
    assert meta_person(Person()) == {}
    assert google_person(Person()) == x_person(Person()) == ()
