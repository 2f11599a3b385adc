"""What a job is, and what its run is told. Knows no queue and no database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from services.runtime.errors import Fatal

JsonValue = str | int | float | bool | list["JsonValue"] | dict[str, "JsonValue"] | None

MAX_NAME_CHARS = 128
MAX_ARGUMENT_BYTES = 64 * 1024
DEFAULT_QUEUE = "default"


class JobTooLarge(Fatal):
    """A job's arguments are larger than a row of the queue should be; put them into a table and pass their key."""


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do later. `arguments` is JSON of at most 64 KiB: keys of rows, never their content.

    `after`: jobs of the same name run one at a time, in the order they were added. `unless_waiting`: not added while
    one of that name waits, for work that looks at everything there is.
    """

    task: str
    arguments: Mapping[str, JsonValue] = field(default_factory=dict)
    queue: str = DEFAULT_QUEUE
    after: str | None = None
    unless_waiting: str | None = None
    not_before_ms: int | None = None


@dataclass(frozen=True, slots=True)
class JobRun:
    """One try at a job. `job_id` is the same for every try: use it as the idempotency key towards outside."""

    job_id: int
    task: str
    arguments: Mapping[str, JsonValue]
    attempt: int


@dataclass(frozen=True, slots=True)
class Task:
    """How jobs of one name are run: `most_attempts` tries, `wait_seconds` apart at first, then twice as long each time.

    A try that raises Fatal is the last. A job whose last try failed stays in the queue's table as failed, to be seen.
    """

    run: Callable[[JobRun], Awaitable[None]]
    most_attempts: int = 10
    wait_seconds: float = 5.0
    longest_wait_seconds: float = 3_600.0

    def wait_after(self, attempt: int) -> float | None:
        """Seconds until the next try after `attempt` (1 is the first) failed; None when there is none."""
        if attempt >= self.most_attempts:
            return None
        return float(min(self.wait_seconds * 2.0 ** (attempt - 1), self.longest_wait_seconds))
