"""One client's conversation with a server, without a socket: what to send, and what the answer means.

Both clients drive the same steps. A step is a generator: it yields bytes to send, is given what was received
(``b""``: the server closed the connection), and returns the result.

    steps = conversation.perform(command)
    to_send = next(steps)
    to_send = steps.send(received)          # b"" to send: only receive more
    …                                       # StopIteration.value is the result

Rules: one command at a time, since mon leaves a second one in the same packet lying; an answer is lines of data and
one closing line (``pymon.protocol.wire``); what comes after that, unasked, is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Generic, NamedTuple, TypeVar

from pymon.errors import AuthenticationFailed, BadAnswer, CommandFailed, ConnectionLost, NotConnected, ProtocolMismatch
from pymon.protocol.wire import PROTOCOL_VERSION, final_code, is_final
from pymon.text import decode, encode

T = TypeVar("T")
Steps = Generator[bytes, bytes, T]

MAX_ANSWER = 256 * 1024 * 1024
"""bytes of one answer; ``list opstatus`` of 100,000 services has a quarter of it"""
LOGIN_REFUSED = 530
_ENDS = frozenset({"quit", "term"})


class Reply(NamedTuple):
    """An answer: the lines of data and the closing line, as they came (escaped, without line ends)."""

    lines: tuple[str, ...]
    final: str

    @property
    def code(self) -> int:
        """The three digits of the closing line."""
        return final_code(self.final)

    @property
    def text(self) -> str:
        """The closing line without its code."""
        return self.final[3:].strip()

    @property
    def ok(self) -> bool:
        """Whether the command was done."""
        return self.final.startswith("2")

    def failure(self) -> CommandFailed:
        """The exception that says how it was refused."""
        kind = AuthenticationFailed if self.code == LOGIN_REFUSED else CommandFailed
        return kind(self.code, self.text, self.lines)


class ClientCommand(NamedTuple, Generic[T]):
    """A line to send, and how to read the answer. ``reads_refusal``: ``read`` is given answers of 5xx as well."""

    line: str
    read: Callable[[Reply], T]
    reads_refusal: bool = False


class ClientProtocol:
    """The state of one connection. Steps raise NotConnected once it has ended, and end it where they fail midway.

    ``answer_limit`` is how many bytes one answer may have; BadAnswer for more.
    """

    def __init__(self, answer_limit: int = MAX_ANSWER) -> None:
        self.is_open = True
        self._answer_limit = answer_limit
        self._partial = bytearray()
        self._lines: list[str] = []
        self._size = 0

    def greet(self, username: str = "", password: str = "", *, check_protocol: bool = True) -> Steps[None]:
        """Begin: compare protocol versions, and log in if there is a user name.

        Raises ProtocolMismatch, AuthenticationFailed.
        """
        if check_protocol:
            reply = yield from self.ask(f"protid {PROTOCOL_VERSION}")
            if not reply.ok:
                self.is_open = False
                raise ProtocolMismatch(f"the server speaks another version of the protocol: {reply.final}")
        if username:
            yield from self.perform(login(username, password))

    def perform(self, command: ClientCommand[T]) -> Steps[T]:
        """Send a command and read its answer. Raises CommandFailed, and BadAnswer if the answer makes no sense."""
        reply = yield from self.ask(command.line)
        if not reply.ok and not command.reads_refusal:
            raise reply.failure()
        try:
            return command.read(reply)
        except (ValueError, IndexError, OverflowError, RecursionError) as error:
            raise BadAnswer(f"cannot read the answer to {command.line.partition(' ')[0]}: {error}") from error

    def ask(self, line: str) -> Steps[Reply]:
        """Send a line and give the answer, refusals too. Raises ValueError if it is no line, or an empty one.

        An empty line has no answer: servers take the line ends after a command for one.
        """
        if "\n" in line or "\r" in line:
            raise ValueError("a command is one line")
        if not line:
            raise ValueError("a command is not empty")
        reply = yield from self._exchange(line)
        word = line.split(None, 1)[0].lower() if line.strip() else ""
        if word in _ENDS and reply.ok:
            self.is_open = False
        elif word == "ack" and not reply.ok:
            yield from self._skip_second_answer()
        return reply

    def say_goodbye(self) -> Steps[None]:
        """End it politely."""
        yield from self.ask("quit")

    def _exchange(self, line: str) -> Steps[Reply]:
        if not self.is_open:
            raise NotConnected("not connected")
        return (yield from self._answer_to(encode(line) + b"\n"))

    def _answer_to(self, to_send: bytes) -> Steps[Reply]:
        """Read one answer. Until it is complete the conversation is not open: steps given up midway end it."""
        self._partial.clear()
        self._lines, self._size = [], 0
        self.is_open = False
        reply = self._receive((yield to_send))
        while reply is None:
            reply = self._receive((yield b""))
        self.is_open = True
        return reply

    def _receive(self, data: bytes) -> Reply | None:
        """Take in bytes; the answer if it is complete."""
        if not data:
            raise ConnectionLost("the server closed the connection")
        self._size += len(data)
        if self._size > self._answer_limit:
            raise BadAnswer(f"an answer of more than {self._answer_limit} bytes")
        *ends, rest = data.split(b"\n")
        for end in ends:
            line = decode(bytes(self._partial + end))
            self._partial.clear()
            if is_final(line):
                return Reply(tuple(self._lines), line.rstrip())
            self._lines.append(line)
        self._partial += rest
        return None

    def _skip_second_answer(self) -> Steps[None]:
        """mon answers an ``ack`` of something unknown twice; ask what has one known answer, and read up to that."""
        reply = yield from self._exchange(f"protid {PROTOCOL_VERSION}")
        while not reply.text.startswith("protocol"):
            reply = yield from self._answer_to(b"")


def login(username: str, password: str = "") -> ClientCommand[None]:
    """Log in; from then on commands are allowed by this name. Raises AuthenticationFailed; the former name stays."""
    if not username or len(username.split()) != 1 or username.strip() != username:
        raise ValueError("a user name is one word")
    if "\n" in password or "\r" in password:
        raise ValueError("a password is one line")
    return ClientCommand(f"login {username} {password}", read_nothing)


def read_nothing(_reply: Reply) -> None:
    """Read an answer that says nothing but that it is done."""
