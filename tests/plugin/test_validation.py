"""What a plugin says of arguments without running, and at which of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pymon.model.argument import ArgumentProblem, Fault
from pymon.plugin import (
    Alert,
    AlertOutcome,
    Done,
    Event,
    Given,
    Host,
    Monitor,
    Outcome,
    PluginUsageError,
    Up,
    count,
    flag,
    many,
    option,
    read_secret,
    sample_event,
    words,
)
from pymon.plugin.validation import word_meant

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Options:
    port: int = option("-p", "--port", default=1, convert=count, about="port")
    quiet: bool = flag("-q", about="quiet")
    queries: tuple[str, ...] = many("--query", convert=str, about="queries")
    password_file: str = option("--password-file", default="", about="password")


async def probe(host: Host, options: Options) -> Outcome:
    return Up()


async def deliver(event: Event, options: Any) -> AlertOutcome:
    return Done()


PLAIN = Monitor(Options, probe)


def found(monitor: Monitor[Any], text: str, hosts: int = 1) -> list[tuple[int | None, str]]:
    return [(each.word, each.fault) for each in monitor.validate(text.split(), {}, hosts)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("h", []),
        ("-p 1 h", []),
        ("-p x h", [1]),
        ("-px h", [0]),
        ("-qpx h", [0]),
        ("--port=x h", [0]),
        ("--port x -p y h", [1, 3]),
        ("-p x --nope h", [1, 2]),
        ("--nope -p x h", [0]),
        ("-q -z h", [1]),
        ("-p h", [0]),
        ("-q --query h", [1]),
        ("-q=1 h", [0]),
        ("--help -p x h", []),
        ("-- -p x h", []),
    ],
)
def test_words_are_named(text: str, words: list[int]) -> None:
    assert [word for word, _ in found(PLAIN, text)] == words


def test_a_host_that_is_no_host_of_mon_may_be_a_value() -> None:
    assert found(PLAIN, "--query h", hosts=0) == []


def test_a_plugin_says_more() -> None:
    def more(given: Given[Options]) -> Iterator[ArgumentProblem]:
        if given.options.quiet:
            yield ArgumentProblem("-q has no effect", fault=Fault.IGNORED, advice="leave it out")
        if given.hosts != ("h",):
            raise PluginUsageError(f"{given.hosts[1]!r} is one host too many")
        if given.environ.get("X"):
            yield ArgumentProblem("X", 0)

    monitor = Monitor(Options, probe, validate=more)
    assert found(monitor, "-p 1 -q h") == [(2, Fault.IGNORED)]
    assert found(monitor, "-p 1 h i j", hosts=3) == [(3, Fault.REFUSED)]
    assert found(monitor, "-p x -q h i") == [(1, Fault.REFUSED)], "what is declared comes first"
    assert monitor.validate(["h"], {"X": "1"}, 1) == (ArgumentProblem("X", 0),)


def test_the_page_shows_one_that_works(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    block = text.partition("give a function as `validate=` to")[2].partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {
        "Given": Given, "Options": Options, "PluginUsageError": PluginUsageError, "read_secret": read_secret,
        "Monitor": Monitor, "probe": probe,
    }  # fmt: skip
    exec(block, names)
    monitor = names["monitor"]
    assert found(monitor, "h") == [(None, Fault.REFUSED)]
    assert found(monitor, "--query a --password-file /nonexistent/x h") == [(3, Fault.FILE)]
    assert found(monitor, "--query a --password-file credential:x h") == [], "systemd may pass it to the daemon"
    assert (
        len(
            monitor.validate(
                ("--query", "a", "--password-file", "credential:x", "h"), {"CREDENTIALS_DIRECTORY": str(tmp_path)}, 1
            )
        )
        == 1
    )


@dataclass(frozen=True)
class Words:
    rooms: tuple[str, ...] = words("room", about="rooms")


def test_alerts_pass_over_letters_and_know_mons() -> None:
    alert = Alert(Words, deliver)
    assert [(each.word, each.fault) for each in alert.validate(["a", "-z", "b"], {})] == [(1, Fault.IGNORED)]
    assert alert.validate(["-u", "-l", "5", "a"], {}) == ()
    assert [each.word for each in alert.validate(["-t", "never"], {})] == [1]
    assert Alert(Words, deliver, takes_anything=True).validate(["-t", "never", "--x"], {}) == ()


def test_a_sample_of_an_event_can_be_had() -> None:
    def more(given: Given[Words]) -> None:
        event = sample_event(given)
        if event.summary not in given.options.rooms:
            raise PluginUsageError("no")

    alert = Alert(Words, deliver, validate=more)
    assert alert.validate(["summary"], {}) == ()
    assert len(alert.validate(["a"], {})) == 1


@pytest.mark.parametrize(
    ("text", "arguments", "word"),
    [
        ("'x' is wrong", ["a", "x"], 1),
        ("'x' is wrong", ["a", "b=x,y"], None),
        ("'8080' is no port", ["-V", "10.0.0.1:8080"], 1),
        ("cannot read /etc/x", ["--file=/etc/x"], 0),
        ("cannot read /etc/x", ["--file", "/etc/xy"], None),
        ("--user needs --password-file", ["-q", "--user=kim"], 1),
        ("-c: no", ["-qc", "-cx"], 1),
        ("sh: the command must be an absolute path", ["--", "sh", "-c"], 1),
        ("nothing", ["a"], None),
        ("", [], None),
    ],
)
def test_the_word_of_a_message_is_found(text: str, arguments: list[str], word: int | None) -> None:
    assert word_meant(text, arguments) == word
