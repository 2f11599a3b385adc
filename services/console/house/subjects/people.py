"""People: members and invitations, whoever asks, and promoters, grants and resellers' keys."""

from __future__ import annotations

from typing import Final

from balcon.accounts.v1 import accounts_service_pb2

from services.console.house.command import Command, ReadsEtag, Subject, changing

_SERVICE: Final = accounts_service_pb2.DESCRIPTOR.services_by_name["AccountsService"]
_OF_MEMBER: Final = ReadsEtag("ListMembers", row="person_id")

MEMBERS: Final = Subject(
    "member",
    "Who works in the house.",
    "accounts",
    _SERVICE,
    (
        Command(
            "list",
            "ListMembers",
            "Lists who works in the house.",
            columns=("person_id", "name", "email", "roles", "joined_at"),
        ),
        Command("invite", "InviteMember", "Asks somebody to join, by mail.", arguments=("email",)),
        Command(
            "invitations",
            "ListInvitations",
            "Lists the invitations that nobody has answered.",
            columns=("invitation_id", "email", "roles", "expires_at"),
        ),
        Command("uninvite", "WithdrawInvitation", "Takes an invitation back.", arguments=("invitation_id",)),
        Command("invitation", "GetInvitation", "Shows what a link invites to.", arguments=("invitation_secret",)),
        Command(
            "accept",
            "AcceptInvitation",
            "Joins by the link of an invitation: as somebody new with a name, else as whoever is logged in.",
            arguments=("invitation_secret",),
            names={"new_person.name": "your-name", "new_person.password": "password"},
        ),
        Command("update", "UpdateMember", "Changes roles.", arguments=("person_id",), etag=_OF_MEMBER),
        Command("remove", "RemoveMember", "Takes somebody out.", arguments=("person_id",), etag=_OF_MEMBER),
    ),
)

ME: Final = Subject(
    "me",
    "Your own account: name, address, password, second factor, sessions.",
    "accounts",
    _SERVICE,
    (
        Command("show", "GetPerson", "Shows who you are."),
        Command("update", "UpdatePerson", "Changes your name or language.", etag=ReadsEtag("GetPerson")),
        Command("change-password", "ChangePassword", "Sets a new password; your other sessions end."),
        Command("change-email", "ChangeEmail", "Sends a link to a new address.", arguments=("email",)),
        Command("confirm-email", "ConfirmEmail", "Opens the link of an address.", arguments=("link_secret",)),
        Command("forgot-password", "RequestPasswordReset", "Sends you a link to a new one.", arguments=("email",)),
        Command("reset-password", "ResetPassword", "Opens that link.", arguments=("link_secret",)),
        Command("enrol-code", "EnrolSecondFactor", "Begins a second factor."),
        Command("confirm-code", "ConfirmSecondFactor", "From now on log-in needs a code.", arguments=("code",)),
        Command("disable-code", "DisableSecondFactor", "From now on it needs none.", arguments=("code",)),
        Command("recovery-codes", "ReplaceRecoveryCodes", "Makes new recovery codes.", arguments=("code",)),
        Command(
            "sessions",
            "ListSessions",
            "Lists where you are logged in.",
            columns=("session_id", "device", "created_at", "used_at", "expires_at"),
        ),
        Command("end-session", "EndSession", "Ends one of them.", arguments=("session_id",)),
    ),
)

GRANTS: Final = Subject(
    "grant",
    "What promoters may see, by e-mail address.",
    "accounts",
    _SERVICE,
    (
        Command("add", "GrantAccess", "Lets whoever has an address see performances.", arguments=("email",)),
        Command(
            "list",
            "ListGrants",
            "Lists what is granted.",
            columns=("grant_id", "email", "scope", "thing_id", "granted_at", "withdrawn_at"),
        ),
        Command("withdraw", "WithdrawGrant", "Takes a grant back.", arguments=("grant_id",)),
        Command("mine", "ListMyGrants", "Lists what houses grant to you."),
    ),
)

PROMOTERS: Final = Subject(
    "promoter",
    "Promoters that the house has made.",
    "accounts",
    _SERVICE,
    (
        Command("create", "CreatePromoter", "Makes a promoter, who gets a link to a password."),
        Command(
            "list",
            "ListPromoters",
            "Lists the promoters.",
            columns=("promoter_id", "name", "email", "email_confirmed", "created_at"),
        ),
        Command("show", "GetPromoter", "Shows a promoter.", arguments=("promoter_id",)),
        changing("promoter", "UpdatePromoter", "GetPromoter", "Changes a promoter's name or address."),
        Command(
            "reset-password",
            "ResetPromoterPassword",
            "Makes the password void and sends a link to a new one.",
            arguments=("promoter_id",),
        ),
    ),
)

KEYS: Final = Subject(
    "key",
    "API keys of resellers.",
    "accounts",
    _SERVICE,
    (
        Command("create", "CreateApiKey", "Makes a reseller and its first key, which is shown this once."),
        Command(
            "list",
            "ListApiKeys",
            "Lists the keys.",
            columns=("key_id", "reseller_name", "starts_with", "scope", "last_used_at", "withdrawn_at"),
        ),
        Command("rotate", "RotateApiKey", "Makes a key that follows another one.", arguments=("key_id",)),
        Command("withdraw", "WithdrawApiKey", "From now on it is good for nothing.", arguments=("key_id",)),
    ),
)
