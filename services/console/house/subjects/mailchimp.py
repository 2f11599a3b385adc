"""The house's account at MailChimp, and which consents make subscribers of which audiences there."""

from __future__ import annotations

from typing import Final

from balcon.mailchimp.v1 import mailchimp_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject

_SERVICE: Final = mailchimp_service_pb2.DESCRIPTOR.services_by_name["MailchimpService"]

MAILCHIMP: Final = Subject(
    "mailchimp",
    "The house's account at MailChimp, and consents that make subscribers there.",
    "mailchimp",
    _SERVICE,
    (
        Command("account", "SetAccount", "Says by which key the house is let in there."),
        Command("show-account", "GetAccount", "Shows the account, without its key."),
        Command("check", "CheckAccount", "Asks MailChimp whether the key is good, and which audiences there are."),
        Command("create", "CreateAudienceSync", "From now on a consent makes subscribers of an audience."),
        Command(
            "list",
            "ListAudienceSyncs",
            "Lists what is kept in step.",
            columns=("sync_id", "consent_id", "list_id", "direction", "joining", "archived"),
        ),
        Command("show", "GetAudienceSync", "Shows one of them, and how far it is.", arguments=("sync_id",)),
        Command(
            "update",
            "UpdateAudienceSync",
            "Changes how it is done: only what is given.",
            arguments=("sync_id",),
            etag=ReadsEtag("GetAudienceSync"),
        ),
        Command("archive", "ArchiveAudienceSync", "Adds nobody any more; who is there stays.", arguments=("sync_id",)),
        Command("sync", "SyncAudience", "Sends what has changed now.", arguments=("sync_id",)),
        Command(
            "problems",
            "ListMemberProblems",
            "Lists who has consented and is no subscriber there, and why.",
            arguments=("sync_id",),
            columns=("customer_id", "problem", "since_at"),
        ),
    ),
)
