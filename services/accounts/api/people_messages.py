"""People between the wire and the domain: for their own eyes only, and never their password's hash."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.person import Person
from services.contracts.changes import etag_of


def person_message(person: Person) -> pb.Person:
    """The person on the wire."""
    return pb.Person(
        person_id=person.person_id,
        name=person.name,
        email=person.email.written,
        email_confirmed=person.email_confirmed,
        language=person.language,
        etag=etag_of(person.revision),
    )
