"""The audit's verdict: what only one round found was in flight; what nobody answered for is not well."""

from __future__ import annotations

from services.console.audit.collect import Answers
from services.console.audit.crosscheck import crosscheck
from services.console.audit.facts import Facts, OrderFact, OwnCheck
from services.console.audit.verdict import as_table, broken_rows, common_checks, verdict_of


def check(*violations: str) -> OwnCheck:
    """A service's own check."""
    return OwnCheck("orders", "INV-3", "no ended order keeps money", 10, violations)


def test_a_services_own_finding_counts_only_when_it_stays() -> None:
    kept = common_checks([check("order a", "order b")], [check("order b", "order c")])
    assert [row.violations for row in kept] == [("order b",)]


def test_a_verdict_without_breaches_is_ok() -> None:
    verdict = verdict_of(Answers(Facts()), [check()], crosscheck(Facts()))
    assert verdict.ok
    assert verdict.as_dict()["audit"] == "ok"
    assert broken_rows(verdict) == []


def test_a_silent_service_leaves_the_audit_failed() -> None:
    verdict = verdict_of(Answers(Facts(), silent={"payments": "UNAVAILABLE"}), [check()], crosscheck(Facts()))
    assert not verdict.ok
    assert as_table(verdict).row_count == len(verdict.lines) + 1


def test_unresolved_orders_are_counted_and_broken_rows_named() -> None:
    facts = Facts(
        orders=[OrderFact("prf_1", "ord_1", "PAYING", 100, 1), OrderFact("prf_1", "ord_2", "CONFIRMED", 0, 0)]
    )
    verdict = verdict_of(Answers(facts), [check("order ord_9 keeps 100")], crosscheck(facts))
    assert verdict.unresolved == 1
    assert "INV-3 order ord_9 keeps 100" in broken_rows(verdict)


def test_a_long_list_of_broken_rows_is_cut_and_says_so() -> None:
    rows = broken_rows(verdict_of(Answers(Facts()), [check(*(f"row {n}" for n in range(50)))], []))
    assert len(rows) == 21
    assert rows[-1] == "INV-3 and 30 more"
