"""C-ARGUMENTS: what check says of arguments is what the program itself says of them when it is called."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pymon.contract.invocation import Invocation
from pymon.model.argument import Fault
from pymon.plugin_object import plugin_in

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path for folder in ("monitors", "alerts") for path in (ROOT / folder).iterdir() if path.suffix)
SLOW_OR_STRONG = {"--sendmail", "-T", "--traceroute", "-r", "--retries", "-retry", "--retry-wait", "-retransmit"}
VALUES = [
    *(
        "80",
        "abc",
        "0",
        "-1",
        "1.5",
        "x:y",
        "",
        "-",
        "--",
        "down",
        "up",
        "dr",
        "tcp",
        "a@example.org",
        "kìm@example.org",
    ),
    *(
        "127.0.0.1:1",
        "[::1]:1",
        "[::1",
        "10.0.0.1:99999",
        "fwm:7",
        "http://127.0.0.1:1/x",
        "ftp://x",
        "severity=critical",
    ),
    *(
        "{summary}",
        "{nosuch}",
        "{{x}}",
        "/bin/true",
        "(",
        "example.org",
        "example.org:A",
        "sshd:1-",
        "sshd:3-1",
        "/:10%",
    ),
    *("-z", "-qv", "--nosuch", "--help", "%h", "/nonexistent/file", "a b"),
]
WAITING = {"smtp.monitor", "imap.monitor", "ftp.monitor", "fping.monitor", "ssh.monitor"}
"""those that are in talks when they are given up"""
LONGEST = 0.5
"""seconds; what runs so long was not refused"""


def flags(plugin: Any) -> list[str]:
    return sorted(set(plugin._parser._by_flag) - SLOW_OR_STRONG)


def is_refused(plugin: Any, path: Path, arguments: tuple[str, ...], environ: dict[str, str]) -> bool:
    async def call() -> str:
        try:
            answer = await asyncio.wait_for(plugin.run(Invocation(str(path), arguments, environ, "said\n")), LONGEST)
        except TimeoutError:
            return ""
        return str(answer.output)

    said = asyncio.run(call())
    return f"{path.name} --help tells what it takes" in said or f"try {path.name} --help" in said


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.name, marks=[pytest.mark.slow] if path.name in WAITING else []) for path in PLUGINS],
)
def test_check_says_what_the_program_says(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """C-ARGUMENTS."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYMON_IPVS", "memory")
    plugin: Any = plugin_in(str(path))
    is_monitor = path.suffix == ".monitor"
    environ = {
        **{"PATH": os.environ["PATH"], "PYMON_SENDMAIL": "/bin/true", "PYMON_SMTP": "127.0.0.1:1"},
        **{"MON_LOGDIR": str(tmp_path), "PYMON_IPVS": "memory", "MON_OPSTATUS": "0", "MON_ALERTTYPE": "failure"},
    }
    pairs = st.tuples(st.sampled_from(flags(plugin)), st.sampled_from(VALUES))
    pieces = st.one_of(
        pairs,
        pairs.map(lambda pair: (f"{pair[0]}={pair[1]}" if pair[0].startswith("--") else "".join(pair),)),
        st.sampled_from(VALUES).map(lambda value: (value,)),
        st.sampled_from(flags(plugin)).map(lambda flag: (flag,)),
    )

    @settings(
        max_examples=40, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(pieces, max_size=4))
    def agree(words: list[tuple[str, ...]]) -> None:
        line = tuple(word for piece in words for word in piece)
        arguments = (*line, "127.0.0.1") if is_monitor else line
        found = plugin.validate(arguments, environ)
        if any(problem.fault in (Fault.FILE, Fault.DANGER) for problem in found):
            return  # what comes of a file is up to the program; danger is no refusal
        says_check = any(problem.fault is Fault.REFUSED for problem in found)
        assert says_check == is_refused(plugin, path, arguments, environ), (arguments, found)
        assert all(problem.word is None or 0 <= problem.word < len(arguments) for problem in found)

    agree()
