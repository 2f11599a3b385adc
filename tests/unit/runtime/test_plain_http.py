"""An answer is read alike however it is cut, by hand or by h11, and nothing in a question begins another one."""

from __future__ import annotations

import httpx
import pytest

from services.runtime.plain_http import ANSWER_BYTES, HEAD_BYTES, INTERIM_ANSWERS, Answer, AnswerReader, question

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
# The bytes, the content, and whether another question may follow.
_WHOLE = [
    (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde", b"abcde", False),
    (b"HTTP/1.1 200 \r\nContent-Length:5 \r\nX-Any: \xe9\r\n\r\nabcde", b"abcde", False),
    (b"HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n", b"", False),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nConnection: Close\r\n\r\nabcde", b"abcde", True),
    (b"HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nabcde", b"abcde", False),
    (_CHUNKED, b"abcde", False),
    (b"HTTP/1.1 204 None\r\n\r\n", b"", False),
    (b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nabcde", b"abcde", True),
    (b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde", b"abcde", False),
    (b"HTTP/1.1 200 OK\ncontent-length: 5\n\nabcde", b"abcde", False),
]


@pytest.mark.parametrize(("sent", "content", "is_last"), _WHOLE)
def test_an_answer_is_the_same_wherever_it_is_cut(sent: bytes, content: bytes, is_last: bool) -> None:
    told = set[bytes]()
    for cut in range(len(sent)):
        reader = AnswerReader(b"GET")
        assert reader.read(sent[:cut]) is None if cut else True
        answer = reader.read(sent[cut:])
        assert isinstance(answer, Answer)
        told.add(answer.content)
        assert reader.is_last is is_last
    assert told == {content}


@pytest.mark.parametrize(
    "sent",
    [
        b"no http\r\n\r\n",
        b"HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nno colon\r\n\r\na",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\nbad name: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nx: " + b"x" * HEAD_BYTES * 2,
        b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (ANSWER_BYTES + 1) + b"x" * (ANSWER_BYTES + 1),
    ],
)
def test_what_is_no_answer_is_a_fault(sent: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        AnswerReader(b"GET").read(sent)


def test_a_length_and_chunks_at_once_are_read_as_chunks() -> None:
    """As h11 does: a length beside chunks says nothing."""
    both = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + _CHUNKED.partition(b"\r\n")[2]
    answer = AnswerReader(b"GET").read(both)
    assert answer is not None
    assert answer.content == b"abcde"


def test_after_an_answer_of_two_lengths_nothing_more_is_asked() -> None:
    """Somebody in between may have read the other one, and its rest would be the next answer."""
    reader = AnswerReader(b"GET")
    assert reader.read(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + _CHUNKED.partition(b"\r\n")[2]) is not None
    assert reader.is_last


@pytest.mark.parametrize("interim", [100, 102, 103])
def test_a_few_answers_before_the_answer_are_passed_over_and_many_are_a_fault(interim: int) -> None:
    before, whole = b"HTTP/1.1 %d Wait\r\n\r\n" % interim, _WHOLE[0][0]
    answer = AnswerReader(b"GET").read(before * INTERIM_ANSWERS + whole)
    assert answer is not None
    assert answer.content == b"abcde"
    with pytest.raises(httpx.RemoteProtocolError):
        AnswerReader(b"GET").read(before * (INTERIM_ANSWERS + 1) + whole)


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        (b"GET", b"HTTP/1.1 101 Switching\r\nupgrade: any\r\nconnection: upgrade\r\n\r\n"),
        (b"CONNECT", b"HTTP/1.1 200 OK\r\n\r\nany"),
    ],
)
def test_another_protocol_is_a_fault(method: bytes, sent: bytes) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        AnswerReader(method).read(sent)


def test_a_head_that_comes_at_once_is_no_longer_than_one_in_pieces() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        AnswerReader(b"GET").read(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: " + b"x" * HEAD_BYTES + b"\r\n\r\n")


def test_after_bytes_that_nobody_asked_for_nothing_more_is_asked() -> None:
    reader = AnswerReader(b"GET")
    answer = reader.read(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nabc")
    assert answer is not None
    assert (answer.content, reader.is_last) == (b"a", True)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    reader = AnswerReader(b"GET")
    assert reader.read(b"HTTP/1.1 200 OK\r\n\r\nabc") is None
    answer = reader.end()
    assert answer is not None
    assert (answer.content, reader.is_last) == (b"abc", True)


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.1 20", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", _CHUNKED[:-3]]
)
def test_half_an_answer_is_a_fault(sent: bytes) -> None:
    reader = AnswerReader(b"GET")
    assert reader.read(sent) is None if sent else True
    with pytest.raises(httpx.RemoteProtocolError):
        reader.end()


def test_the_head_alone_answers_a_question_for_the_head() -> None:
    answer = AnswerReader(b"HEAD").read(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
    assert answer is not None
    assert answer.content == b""


def test_a_question_is_written_out() -> None:
    assert question(b"POST", b"/a?b=c", [(b"host", b"h"), (b"content-length", b"2")], b"{}") == (
        b"POST /a?b=c HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("target", "value"), [(b"/a b", b"v"), (b"/a\r\nx: y", b"v"), (b"/", b"v\r\nx: y"), (b"/", b"v\0")]
)
def test_nothing_in_a_question_begins_another_line(target: bytes, value: bytes) -> None:
    with pytest.raises(httpx.LocalProtocolError):
        question(b"GET", target, [(b"key", value)])
