"""RULE 10 as a rule on the source: between taking a batch and answering it, nothing but the stores is awaited."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

ACTOR = "services.inventory.actors.performance_actor"
LINGERING = "services.inventory.actors.lingering"
LOG = "services.inventory.actors.turn_log"
# What a turn may await, as it is written. The sleep lies between two sends of one batch whose outcome is unknown.
ALLOWED = {
    "PerformanceActor": {"self._log"},
    "TurnLog": {"self.append_holds", "self._until_known", "send", "self._clock.sleep"},
}
# What those lambdas send to.
STORES = {"self._claims.append", "self._holds.append"}


def methods(module: str) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text())
    return {
        f"{owner.name}.{method.name}": method
        for owner in tree.body
        if isinstance(owner, ast.ClassDef)
        for method in owner.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
    }


SOURCE = methods(ACTOR) | methods(LOG) | methods(LINGERING)


def awaited(method: ast.AST) -> set[str]:
    """What the method awaits, its nested functions too; async loops and contexts await without saying what."""
    found = set()
    for node in ast.walk(method):
        assert not isinstance(node, ast.AsyncFor | ast.AsyncWith), ast.unparse(node)
        assert not (isinstance(node, ast.comprehension) and node.is_async), ast.unparse(node)
        if isinstance(node, ast.Await):
            assert isinstance(node.value, ast.Call), ast.unparse(node)
            found.add(ast.unparse(node.value.func))
    return found


def foreign_awaits(name: str) -> set[str]:
    """What a method of the turn awaits and may not: an actor its log, the log its stores."""
    owner = name.split(".", maxsplit=1)[0]
    if owner == "PerformanceActor":
        return {what for what in awaited(SOURCE[name]) if what.rpartition(".")[0] not in ALLOWED[owner]}
    return awaited(SOURCE[name]) - ALLOWED[owner]


def reached_from(name: str) -> set[str]:
    """The method and every method of the two classes that it calls or hands on, however deep."""
    reached, todo = set(), [name]
    while todo:
        method = todo.pop()
        if method in reached or method not in SOURCE:
            continue
        reached.add(method)
        owner = method.split(".")[0]
        for node in ast.walk(SOURCE[method]):
            text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if text.startswith("self._log."):
                todo.append(f"TurnLog.{text.removeprefix('self._log.')}")
            elif text.startswith("self.") and text.count(".") == 1:
                todo.append(f"{owner}.{text.removeprefix('self.')}")
    return reached


def test_a_turn_awaits_the_stores_and_nothing_else() -> None:
    reached = reached_from("PerformanceActor._turn")
    assert {"PerformanceActor._decide", "PerformanceActor._tell", "TurnLog._until_known"} <= reached
    assert "self._log.append_holds" in awaited(SOURCE["PerformanceActor._turn"])
    assert not {name: foreign for name in reached if (foreign := foreign_awaits(name))}


def test_what_is_sent_in_a_turn_goes_to_the_stores() -> None:
    sends = {
        ast.unparse(node.body.func)
        for name in ("TurnLog.append_record", "TurnLog.append_holds")
        for node in ast.walk(SOURCE[name])
        if isinstance(node, ast.Lambda) and isinstance(node.body, ast.Call)
    }
    assert sends == STORES


def test_the_loop_of_turns_awaits_only_work_and_turns() -> None:
    assert awaited(SOURCE["PerformanceActor.run"]) == {"self._lingering.wait", "self._mailbox.wait", "self._turn"}
    assert awaited(SOURCE["Lingering.wait"]) == {"self._clock.sleep"}


def test_the_record_is_begun_and_settled_without_a_wait() -> None:
    """Between two turns: nothing can come in between what is known and what is told."""
    for name in ("PerformanceActor._begin_record", "PerformanceActor._settle_record"):
        assert not {method for method in reached_from(name) if method.startswith("Perf") and awaited(SOURCE[method])}


def test_the_rule_would_notice_a_foreign_await() -> None:
    """The negative control: a turn that asked somebody in the middle."""
    guilty = ast.parse("async def _turn(self):\n    await self._log.append([])\n    await self._payments.ask()")
    assert {what for what in awaited(guilty) if what.rpartition(".")[0] != "self._log"} == {"self._payments.ask"}
