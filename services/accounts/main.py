"""Starts accounts: picks the adapters and wires them. Nothing else does."""

from __future__ import annotations

from balcon.accounts.v1.accounts_service_pb2_grpc import add_AccountsServiceServicer_to_server

from services.accounts.adapters.act_events import GROUP, keep_act
from services.accounts.adapters.argon2_passwords import Argon2Passwords, HasherLimits
from services.accounts.adapters.audit_checks import CHECKS
from services.accounts.adapters.jwt_tokens import JwtTokens
from services.accounts.adapters.link_rows import LETTER_TASK
from services.accounts.adapters.postgres_accounts import PostgresAccounts
from services.accounts.adapters.postgres_transaction import EventForms
from services.accounts.api.accounts_servicer import AccountsServicer, Handlers
from services.accounts.api.events import access_revoked, house_changed
from services.accounts.domain.attempts import AttemptRule
from services.accounts.domain.session import Lifetimes, SessionKind
from services.accounts.handlers.act_log import ActLogHandler
from services.accounts.handlers.adoption import AdoptionHandler
from services.accounts.handlers.api_keys import ApiKeyHandler
from services.accounts.handlers.grants import GrantHandler
from services.accounts.handlers.guesses import Guesses, GuessRules
from services.accounts.handlers.houses import HouseHandler
from services.accounts.handlers.invitations import InvitationHandler
from services.accounts.handlers.letters import LetterHandler
from services.accounts.handlers.log_in import LogInHandler
from services.accounts.handlers.mailing import Mailing
from services.accounts.handlers.members import MemberHandler
from services.accounts.handlers.people import PersonHandler
from services.accounts.handlers.promoters import PromoterHandler
from services.accounts.handlers.revocations import KEPT_SECONDS, RevocationHandler
from services.accounts.handlers.second_factors import SecondFactorHandler
from services.accounts.handlers.sessions import SessionHandler
from services.accounts.handlers.signing_keys import KeyRing
from services.accounts.settings import AccountsSettings
from services.contracts.access import roles_with
from services.contracts.audit_servicer import serve_audit
from services.contracts.checked_record import CheckedRecord
from services.contracts.operator_looks import tell_looks
from services.contracts.walled_audit import WalledAudit
from services.runtime.access.revocations import Revocation
from services.runtime.bus.topics import ACTS
from services.runtime.jobs.job import JobRun, Task
from services.runtime.jobs.worker import JobWorker
from services.runtime.mail.posts import post_of
from services.runtime.seal import Seal
from services.runtime.service import Service, run_service
from services.runtime.signing_keys.rotation import RotationRule
from services.runtime.work.purge import purge

_HOUR_MS = 3_600_000


async def build(service: Service, settings: AccountsSettings) -> None:
    """Opens the store and the bus, serves, and keeps relay, keys and mails going. The bus may be down: events wait."""
    engine, bus = service.sql(), service.bus()
    relay = service.outbox(engine, bus)
    tell_looks(service, engine, relay.wake)
    seal = Seal(settings.secrets(), owner="accounts")
    forms = EventForms(house_changed=house_changed, access_revoked=access_revoked)
    store = PostgresAccounts(engine, clock=service.clock, ids=service.ids, forms=forms, seal=seal, wake=relay.wake)
    passwords = _passwords(settings)
    service.on_close(passwords.close)
    handlers = _handlers(service, settings, store, passwords, JwtTokens(seal, service.ids))
    service.background("signing keys", handlers.keys.run)
    if service.guard is not None:
        # Others ask over gRPC; accounts knows.
        service.guard.keys_from = lambda: _public_keys(handlers.keys)
        service.guard.revocations_from = lambda: _revocations(handlers.revocations)
    _send_letters(service, settings, LetterHandler(store, handlers.people, post_of(settings)))
    _forget_by_age(service, settings, store)
    accounts = AccountsServicer(handlers)
    service.rpc.add(
        lambda server: add_AccountsServiceServicer_to_server(accounts, server), "balcon.accounts.v1.AccountsService"
    )
    service.consume(engine, bus, group=GROUP, topics=[ACTS], handler=keep_act)
    serve_audit(service.rpc, WalledAudit(CheckedRecord(engine, CHECKS), engine))


async def _public_keys(keys: KeyRing) -> dict[str, bytes]:
    return {key.key_id: key.public_key for key in await keys.public_keys()}


async def _revocations(handler: RevocationHandler) -> list[Revocation]:
    return [Revocation(one.name, one.until_ms) for one in await handler.current()]


def _handlers(
    service: Service, settings: AccountsSettings, store: PostgresAccounts, passwords: Argon2Passwords, signer: JwtTokens
) -> Handlers:
    ids = service.ids
    mailing = Mailing(ids, settings.pages_url)
    guesses = Guesses(store, _guess_rules(settings))
    rule = RotationRule(
        sign_ms=settings.signing_key_days * 24 * _HOUR_MS, announce_ms=settings.signing_key_announce_hours * _HOUR_MS
    )
    keys = KeyRing(store, signer, service.clock, rule=rule, look_seconds=settings.signing_key_look_seconds)
    sessions = SessionHandler(store, keys, ids, lifetimes=_lifetimes(settings))
    people = PersonHandler(store, passwords, guesses, mailing)
    invitations = InvitationHandler(store, passwords, mailing, ids)
    return Handlers(
        act_log=ActLogHandler(store),
        adoption=AdoptionHandler(store, invitations),
        api_keys=ApiKeyHandler(store, keys, ids, _guess_rules(settings).address),
        grants=GrantHandler(store, ids),
        houses=HouseHandler(store, passwords, mailing, ids),
        members=MemberHandler(store),
        invitations=invitations,
        people=people,
        promoters=PromoterHandler(store, passwords, mailing, ids),
        second_factors=SecondFactorHandler(store, people, guesses, ids),
        revocations=RevocationHandler(store),
        log_in=LogInHandler(store, passwords, guesses, sessions),
        sessions=sessions,
        keys=keys,
    )


def _send_letters(service: Service, settings: AccountsSettings, letters: LetterHandler) -> None:
    async def run(job: JobRun) -> None:
        await letters.send(str(job.arguments["letter_id"]))

    worker = JobWorker(settings.database_url.get_secret_value(), {LETTER_TASK: Task(run)}, service.clock)
    service.background("letters", worker.run)


def _guess_rules(settings: AccountsSettings) -> GuessRules:
    def rule(free: int) -> AttemptRule:
        return AttemptRule(
            free=free,
            first_delay_ms=int(settings.guess_seconds * 1000),
            longest_delay_ms=int(settings.guess_limit_seconds * 1000),
            forget_ms=settings.guess_hours * _HOUR_MS,
        )

    return GuessRules(account=rule(settings.free_guesses), address=rule(settings.free_guesses_by_address))


def _passwords(settings: AccountsSettings) -> Argon2Passwords:
    return Argon2Passwords(
        HasherLimits(
            time_cost=settings.password_time_cost,
            memory_kib=settings.password_memory_kib,
            threads=settings.password_threads,
            most_waiting=settings.password_queue,
        )
    )


def _lifetimes(settings: AccountsSettings) -> dict[SessionKind, Lifetimes]:
    return {
        SessionKind.PERSON: Lifetimes(settings.session_idle_hours * _HOUR_MS, settings.session_hours * _HOUR_MS),
        SessionKind.BUYER: Lifetimes(
            settings.buyer_session_idle_hours * _HOUR_MS, settings.buyer_session_hours * _HOUR_MS
        ),
    }


def _forget_by_age(service: Service, settings: AccountsSettings, store: PostgresAccounts) -> None:
    keep_ms = settings.request_key_hours * _HOUR_MS
    service.background("key_purge", lambda: purge(store.purge_keys, service.clock, keep_ms=keep_ms))
    service.background(
        "revocation_purge", lambda: purge(store.purge_revocations, service.clock, keep_ms=KEPT_SECONDS * 1000)
    )
    forget_ms = settings.guess_hours * _HOUR_MS
    service.background("age_purge", lambda: purge(store.purge_old, service.clock, keep_ms=forget_ms))


def main() -> None:
    """Runs the service until SIGTERM."""
    settings = AccountsSettings()
    run_service("accounts", settings, lambda service: build(service, settings), roles_with)


if __name__ == "__main__":
    main()
