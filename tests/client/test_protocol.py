"""The conversation with a server, step by step and without one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.client.methods import Methods
from pymon.client.protocol import ClientCommand, ClientProtocol, Reply, Steps, login
from pymon.errors import (
    AuthenticationFailed,
    BadAnswer,
    CommandFailed,
    ConnectionLost,
    NotConnected,
    ProtocolMismatch,
)

T = TypeVar("T")


def play(steps: Steps[T], received: Iterable[bytes]) -> tuple[T, list[bytes]]:
    """Drive steps with what is received; gives the result and what was sent."""
    sent = [next(steps)]
    for data in received:
        try:
            sent.append(steps.send(data))
        except StopIteration as end:
            return end.value, [data for data in sent if data]
    raise AssertionError("the steps want more")


LINE = st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"")).filter(lambda data: not data[:3].isdigit())


@given(lines=st.lists(LINE, max_size=5), cuts=st.lists(st.integers(0, 200), max_size=6))
def test_an_answer_is_the_same_however_it_is_chopped(lines: list[bytes], cuts: list[int]) -> None:
    data = b"".join(line + b"\n" for line in lines) + b"220 list completed\n"
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    chunks = [data[start:end] for start, end in pairwise(places)]
    reply, sent = play(ClientProtocol().ask("list"), chunks)
    assert sent == [b"list\n"]
    assert [line.encode("utf-8", "surrogateescape") for line in reply.lines] == lines
    assert (reply.code, reply.text, reply.ok) == (220, "list completed", True)


def test_what_comes_unasked_is_dropped() -> None:
    conversation = ClientProtocol()
    play(conversation.ask("start"), [b"220 start completed\n220 and more\nhalf a li"])
    reply, _ = play(conversation.ask("version"), [b"version 9745\n220 version completed\n"])
    assert reply == Reply(("version 9745",), "220 version completed")


def test_a_refusal_is_an_exception_with_all_that_was_said() -> None:
    conversation = ClientProtocol()
    with pytest.raises(CommandFailed, match="520 test config completed, errors") as caught:
        play(
            conversation.perform(ClientCommand("test config", lambda reply: reply)),
            [b"line 3: x\n520 test config completed, errors\n"],
        )
    assert (caught.value.code, caught.value.lines) == (520, ("line 3: x",))
    assert conversation.is_open


@pytest.mark.parametrize("line", ["list\nterm", "ack g s x\rterm"])
def test_a_command_is_one_line(line: str) -> None:
    """K-oneline: mon's moncmd sends both."""
    conversation = ClientProtocol()
    with pytest.raises(ValueError, match="one line"):
        play(conversation.ask(line), [])
    assert conversation.is_open


@pytest.mark.parametrize("received", [[b""], [b"half an ans", b""], [b"a line\n", b""]])
def test_a_connection_that_ends_early_is_lost(received: list[bytes]) -> None:
    conversation = ClientProtocol()
    with pytest.raises(ConnectionLost):
        play(conversation.ask("list"), received)
    with pytest.raises(NotConnected):
        play(conversation.ask("list"), [])


def test_steps_that_are_given_up_end_the_conversation() -> None:
    conversation = ClientProtocol()
    steps = conversation.ask("list")
    next(steps)
    steps.close()
    assert not conversation.is_open


def test_an_endless_answer_ends() -> None:
    with pytest.raises(BadAnswer, match="more than 10000 bytes"):
        play(ClientProtocol(answer_limit=10_000).ask("list"), [b"x" * 1000] * 11)


def test_an_answer_that_makes_no_sense() -> None:
    def read(_reply: Reply) -> int:
        raise ValueError("no number")

    with pytest.raises(BadAnswer, match="cannot read the answer to version: no number"):
        play(ClientProtocol().perform(ClientCommand("version", read)), [b"220 version completed\n"])


@pytest.mark.parametrize("chunks", [[b"520 unknown group\n220 ack completed\n"], [b"520 unknown group\n"]])
def test_mons_second_answer_to_ack_is_passed_over(chunks: list[bytes]) -> None:
    """mon answers an ack of something unknown twice; the second answer may come late."""
    conversation = ClientProtocol()
    late = [] if len(chunks[0]) > 20 else [b"220 ack compl", b"eted\n"]
    reply, sent = play(conversation.ask("ack g s 'x'"), [*chunks, *late, b"220 protocol match\n"])
    assert (reply.final, sent) == ("520 unknown group", [b"ack g s 'x'\n", b"protid 9745\n"])
    reply, _ = play(conversation.ask("getview"), [b"220 getview completed\n"])
    assert reply.final == "220 getview completed"


def test_greeting() -> None:
    answers = [b"220 protocol match\n", b"220 login accepted\n"]
    _, sent = play(ClientProtocol().greet("joe", "se cret"), answers)
    assert sent == [b"protid 9745\n", b"login joe se cret\n"]
    with pytest.raises(AuthenticationFailed):
        play(ClientProtocol().greet("joe", "x"), [answers[0], b"530 login unsuccessful\n"])
    mismatched = ClientProtocol()
    with pytest.raises(ProtocolMismatch):
        play(mismatched.greet(), [b"520 protocol mismatch\n"])
    assert not mismatched.is_open


@pytest.mark.parametrize(("user", "password"), [("", "x"), ("a b", "x"), ("joe ", "x"), ("joe", "x\nterm")])
def test_no_login_line_can_be_made_of(user: str, password: str) -> None:
    with pytest.raises(ValueError, match="is one") as caught:
        login(user, password)
    assert "term" not in str(caught.value)


@pytest.mark.parametrize("word", ["quit", "QUIT", "term"])
def test_after_goodbye_there_is_no_connection(word: str) -> None:
    conversation = ClientProtocol()
    play(conversation.ask(word), [b"220 bye\n"])
    assert not conversation.is_open


def test_an_empty_line_is_no_command() -> None:
    """A server takes its end for that of the command before it, and says nothing."""
    with pytest.raises(ValueError, match="not empty"):
        next(ClientProtocol().ask(""))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (Methods.list_opstatus(), b"group=g service=s opstatus=1 alerts_sent=1e999\n220 list opstatus completed\n"),
        (Methods.json("list watch"), b"[" * 100_000 + b"\n220 list watch completed\n"),
    ],
)
def test_an_absurd_answer_is_a_bad_answer(command: ClientCommand[object], answer: bytes) -> None:
    with pytest.raises(BadAnswer, match="cannot read"):
        play(ClientProtocol().perform(command), [answer])
