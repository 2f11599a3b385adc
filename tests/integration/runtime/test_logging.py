"""What reaches the log of a real process: one JSON object a line, its ids, and never a buyer's data."""

import json
import subprocess
import sys
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.runtime.sql.engine import create_engine
from services.runtime.testing.servers import DatabaseUrl

BUYER = "buyer@example.org"


def logged(script: str) -> list[dict[str, Any]]:
    """Runs a script after configure_logging("small"); its lines."""
    start = "from services.runtime.telemetry.logging import configure_logging, get_logger\nconfigure_logging('small')\n"
    done = subprocess.run([sys.executable, "-c", start + script], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_line_is_one_json_object_with_service_and_component() -> None:
    (line,) = logged("get_logger('relay').info('event_published', topic='t', text='two\\nlines')")
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "event_published",
        "service": "small",
        "component": "relay",
        "level": "info",
        "topic": "t",
        "text": "two\nlines",
    }


def test_lines_of_other_threads_and_of_libraries_name_the_service_too() -> None:
    lines = logged(
        "import logging, threading\n"
        "def speak():\n"
        "    get_logger('x').info('from_structlog')\n"
        "    logging.getLogger('asyncio').warning('from_%s', 'library')\n"
        "thread = threading.Thread(target=speak)\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    assert [(line["service"], line["event"]) for line in lines] == [
        ("small", "from_structlog"),
        ("small", "from_library"),
    ]


IN_A_CALL = """
import asyncio, logging
from services.runtime.ids import RandomIds
from services.runtime.call_context import CallContext, current_call, enter_call, outgoing, outside_call

async def speak():
    get_logger('x').info('spoken', in_call=current_call() is not None)

async def within(metadata):
    enter_call(CallContext(metadata, 5.0, RandomIds()))
    await asyncio.create_task(speak())
    logging.getLogger('library').warning('spoken')
    await asyncio.to_thread(get_logger('x').info, 'spoken', sent_on=dict(outgoing(current_call())))
    await asyncio.create_task(speak(), context=outside_call())

"""
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_calls_ids_are_on_its_lines_and_not_on_those_of_work_that_outlives_it() -> None:
    *during, after = logged(f"{IN_A_CALL}asyncio.run(within({{'x-request-id': 'req_1', 'traceparent': '{TRACE}'}}))")
    assert [(line["request_id"], line["traceparent"]) for line in during] == [("req_1", TRACE)] * 3
    assert "request_id" not in after
    assert not after["in_call"]


def test_an_id_minted_for_the_first_line_is_on_all_lines_and_is_carried_on() -> None:
    *during, after = logged(f"{IN_A_CALL}asyncio.run(within({{}}))")
    (request_id,) = {line["request_id"] for line in during}
    assert request_id.startswith("req_")
    assert during[-1]["sent_on"] == {"x-request-id": request_id}
    assert "request_id" not in after


def test_an_exception_is_a_string_without_the_values_that_postgres_quotes() -> None:
    (line,) = logged(
        "try:\n"
        f"    raise ValueError('duplicate key\\nDETAIL:  Key (email)=({BUYER}) already exists.\\nnext')\n"
        "except ValueError as error:\n"
        "    get_logger('x').error('broke', exc_info=error)\n"
    )
    assert BUYER not in json.dumps(line)
    assert "duplicate key\nDETAIL: withheld\nnext" in line["exception"]


async def test_an_sql_error_does_not_tell_its_parameters(database_url: DatabaseUrl) -> None:
    engine = create_engine(database_url(), application="test")
    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TEMPORARY TABLE buyer (name text CHECK (name = ''))"))
            await connection.execute(text("INSERT INTO buyer VALUES (:name)"), {"name": BUYER})
    except IntegrityError as error:
        told = [line for line in str(error).splitlines() if not line.startswith("DETAIL:")]
    else:
        raise AssertionError("the insert must fail")
    finally:
        await engine.dispose()
    assert BUYER not in "\n".join(told)
