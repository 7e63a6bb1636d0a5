"""What works next to an engine: in which order, and what becomes of the others when one fails."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from pymon.engine.attachments import Attachments
from pymon.errors import PymonError


@dataclass
class Part:
    """Notes what it is told; fails at one of it, if it is to."""

    name: str
    notes: list[str]
    fails_at: str = ""
    is_vital: bool = False
    error: BaseException = field(default_factory=lambda: PymonError("no port"))

    async def bind(self) -> None:
        self._note("bind")

    async def start(self) -> None:
        self._note("start")

    async def stop(self) -> None:
        self._note("stop")

    def _note(self, what: str) -> None:
        self.notes.append(f"{what} {self.name}")
        if what == self.fails_at:
            raise self.error


async def run(*parts: Part) -> None:
    """As the daemon does."""
    attachments = Attachments(parts)
    await attachments.bind()
    try:
        await attachments.start()
    finally:
        await attachments.stop()


async def test_they_begin_in_their_order_and_end_in_the_reverse_one() -> None:
    notes: list[str] = []
    await run(Part("server", notes), Part("web", notes), Part("director", notes))
    assert notes == [f"{what} {name}" for what in ("bind", "start") for name in ("server", "web", "director")] + [
        "stop director",
        "stop web",
        "stop server",
    ]


@pytest.mark.parametrize(
    ("fails_at", "of_web", "told"),
    [
        ("bind", ["bind web"], "the web cannot begin: no port"),
        ("start", ["bind web", "start web", "stop web"], "the web cannot begin: no port"),
        ("stop", ["bind web", "start web", "stop web"], "the web failed to end: no port"),
    ],
)
async def test_one_that_fails_is_reported_by_name_and_the_others_go_on(
    fails_at: str, of_web: list[str], told: str, caplog: pytest.LogCaptureFixture
) -> None:
    notes: list[str] = []
    await run(Part("server", notes), Part("web", notes, fails_at), Part("director", notes))
    assert [note for note in notes if note.endswith("web")] == of_web
    for name in ("server", "director"):
        assert [note for note in notes if note.endswith(name)] == [f"bind {name}", f"start {name}", f"stop {name}"]
    assert caplog.messages == [told]


async def test_a_bug_in_one_is_told_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    notes: list[str] = []
    await run(Part("web", notes, "start", error=ZeroDivisionError("oops")))
    assert caplog.messages == ["the web cannot begin (a bug in pymon)"]
    assert "oops" in caplog.text


@pytest.mark.parametrize(
    ("fails_at", "noted"),
    [
        ("bind", ["bind server", "bind web", "stop server"]),
        ("start", ["bind server", "bind web", "bind director", "start server", "start web"]),
    ],
)
async def test_a_vital_one_that_cannot_begin_ends_the_daemon(fails_at: str, noted: list[str]) -> None:
    notes: list[str] = []
    with pytest.raises(PymonError, match="no port"):
        await run(Part("server", notes), Part("web", notes, fails_at, is_vital=True), Part("director", notes))
    ended = ["stop director", "stop web", "stop server"] if fails_at == "start" else []
    assert notes == noted + ended


async def test_who_is_cancelled_while_it_begins_ends_what_has_begun() -> None:
    notes: list[str] = []
    with pytest.raises(asyncio.CancelledError):
        await run(Part("server", notes), Part("web", notes, "bind", error=asyncio.CancelledError()))
    assert notes == ["bind server", "bind web", "stop server"]
