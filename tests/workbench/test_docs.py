"""What docs/plugins.md shows works as it stands there: each plugin, each command, each configuration."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import pymon.plugin
import pymon.plugin.testing
from pymon.plugin.testing import EventKind, hang_up, listening, nobody, run_alert, run_monitor
from tests import addresses
from tests.differential import servers
from tests.programs import write_program
from tests.servers.certificates import Authority

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS: list[tuple[str, str]] = BLOCK.findall(PAGE)
HOME = "/home/kim"
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""pytest as an author has it, without plugins"""

NAMES = {
    "Check that a Redis server answers": "redis.monitor",
    "Check that a POP3 server": "pops.monitor",
    "Check that an SMTP server": "relay.monitor",
    "Check that enough hosts": "cluster.monitor",
    "Say what happened": "chat.alert",
}


def block(beginning: str) -> str:
    (found,) = [text for _, text in BLOCKS if text.startswith(beginning)]
    return found


@pytest.fixture(scope="module", name="plugins")
def plugins_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all the plugins that the page shows."""
    folder = tmp_path_factory.mktemp("plugins")
    for beginning, name in NAMES.items():
        path = folder / name
        write_program(path, block(f'#!/usr/bin/env python3\n"""{beginning}'))
    return folder


def check_run(command: list[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ | (environ or {}), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_no_block_is_overlooked() -> None:
    python = [text for kind, text in BLOCKS if kind == "python"]
    assert len(python) == len(NAMES) + len(("the test", "a required option", "a template", "what check asks"))
    assert {kind for kind, _ in BLOCKS} == {"python", "console", "toml", ""}


@pytest.mark.e2e
def test_they_are_typed_and_neat(plugins: Path) -> None:
    for name in NAMES.values():
        check_run([sys.executable, "-m", "mypy", "--strict", "--scripts-are-modules", str(plugins / name)], ROOT)
    check_run([sys.executable, "-m", "ruff", "check", "--config", "pyproject.toml", str(plugins)], ROOT)


def samples() -> Iterator[tuple[str, str]]:
    chapter = PAGE.partition("## What the SDK gives")[0]
    for kind, text in BLOCK.findall(chapter):
        if kind == "console":
            for one in text.removeprefix("$ ").split("\n$ "):
                command, _, output = one.partition("\n")
                yield command, output


@pytest.mark.e2e
@pytest.mark.sample
def test_the_first_five_minutes(tmp_path: Path) -> None:
    """The commands one after the other, as a newcomer gives them; the files are written when the page says so."""
    commands = f'pymon() {{ "{sys.executable}" -m pymon.cli.main "$@"; }}\n'
    commands += f'pytest() {{ "{sys.executable}" -m pytest -p no:cacheprovider "$@"; }}\n'
    tried = list(samples())
    assert len(tried) == 6
    for command, expected in tried:
        with nobody() as port:  # the developer may have a Redis of his own
            here, shown = f"redis.monitor -p {port} 127.0.0.1", "redis.monitor 127.0.0.1"
            tried_command = command.replace(shown, here) if "plugin test" in command else command
            said = check_run(["/bin/sh", "-c", commands + tried_command], tmp_path, ALONE).replace(here, shown)
        assert normal(said, tmp_path) == normal(expected, tmp_path), command
        if command.startswith("pymon plugin new"):
            check_run(
                ["/bin/sh", "-c", commands + "pytest -q test_redis_monitor.py"], tmp_path, ALONE
            )  # it works as written
            (tmp_path / "redis.monitor").write_text(block('#!/usr/bin/env python3\n"""Check that a Redis'))
            (tmp_path / "test_redis_monitor.py").write_text(
                block("from __future__ import annotations\n\nimport socket")
            )
            (tmp_path / "mon.cf").write_text(block("mondir = ").replace(HOME, str(tmp_path)))


@pytest.mark.e2e
def test_the_daemon_watches_it(plugins: Path, tmp_path: Path) -> None:
    (command,) = re.findall(r"^`pymon (run [^`]+)` watches it", PAGE, re.MULTILINE)
    (question,) = re.findall(r"^`pymon (why [^`]+)` tells", PAGE, re.MULTILINE)
    text = block("mondir = ").replace(f"{HOME}/mon.d", str(plugins)).replace("redis.monitor", "redis.monitor -p PORT")
    with nobody() as port:
        (tmp_path / "mon.cf").write_text(f"{addresses.listening()}\n{text}".replace("PORT", str(port)))
        program = [sys.executable, "-m", "pymon.cli.main"]
        words = [*command.replace('"$PWD"', str(tmp_path)).split(), "--authfile", "/dev/null"]
        with subprocess.Popen([*program, *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as daemon:
            limit = threading.Timer(60, daemon.kill)
            limit.start()
            assert daemon.stderr is not None
            told = next((line for line in daemon.stderr if "calling alert" in line), "")
            why = check_run([*program, *question.replace('"$PWD"', str(tmp_path)).split()], tmp_path)
            daemon.terminate()
            daemon.communicate()
            limit.cancel()
    assert "calling alert file.alert for caches/redis" in told
    assert why.startswith("caches redis has been failing for ")
    assert "(period wd {Sun-Sat}, the first of this outage): 127.0.0.1\n" in why
    assert (tmp_path / "redis.log").read_text().startswith("failure caches redis ")


def normal(text: str, home: Path) -> str:
    """Without times, numbers of variables, and where it was."""
    text = text.replace(str(home), HOME)
    text = re.sub(r"^\.+ +\[100%\]\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\d+\.\d+ ?s\b", "TIME", text)
    text = re.sub(r"(\d passed) in TIME", r"\1", text)
    return re.sub(r"and \d+ variables", "and SOME variables", text).strip()


def test_redis(plugins: Path) -> None:
    with listening(hang_up) as port:
        assert run_monitor(plugins / "redis.monitor", "-p", str(port), "127.0.0.1").exitval == 1


@pytest.mark.e2e
def test_pop3_over_tls(plugins: Path, tmp_path: Path) -> None:
    authority = Authority()
    files = authority.issue("127.0.0.1").write(tmp_path)
    context = authority.issue("127.0.0.1").server_context()

    def greet(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(b"+OK ready\r\n")
            secured.recv(100)

    with servers.serving(greet) as server:
        server.open()
        arguments = ("-p", str(server.port), "127.0.0.1")
        well = run_monitor(plugins / "pops.monitor", "-C", str(files.authority), *arguments)
        ill = run_monitor(plugins / "pops.monitor", *arguments)
    assert (well.exitval, well.output) == (0, "")
    assert {each.name for each in well.measurements} == {"time", "connect", "tls", "expiry"}
    assert ill.exitval == 1
    assert "certificate" in ill.detail


def smtp(verdict: bytes) -> servers.Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"220 ready\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                answers = {b"rcpt": verdict, b"quit": b"221 bye\r\n"}
                connection.sendall(answers.get(line[:4].lower(), b"250 ok\r\n"))

    return talk


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(b"250 ok\r\n", (0, "")), (b"550 nobody\r\n", (1, "127.0.0.1\n127.0.0.1: postmaster is refused: nobody\n"))],
)
def test_a_library_that_blocks(plugins: Path, verdict: bytes, expected: tuple[int, str]) -> None:
    with listening(smtp(verdict)) as port:
        trial = run_monitor(plugins / "relay.monitor", "-p", str(port), "127.0.0.1")
    assert (trial.exitval, trial.output) == expected


def test_a_cluster(plugins: Path) -> None:
    with listening(hang_up) as port:
        hosts = ("-p", str(port), "127.0.0.1", "127.0.0.2", "127.0.0.3")
        well = run_monitor(plugins / "cluster.monitor", "-n", "1", *hosts)
        ill = run_monitor(plugins / "cluster.monitor", *hosts)
        other = run_monitor(plugins / "cluster.monitor", "-6", "-n", "1", "-p", port, "127.0.0.1")
    assert (ill.exitval, ill.output) == (1, "127.0.0.2 127.0.0.3\n1 of 3 answer\n")
    assert (other.exitval, other.summary) == (1, "127.0.0.1")
    assert (well.exitval, well.output) == (0, "")


@pytest.mark.e2e
def test_a_chat_room(plugins: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    heard: list[bytes] = []

    def bot(answer: bytes) -> servers.Talk:
        def talk(connection: socket.socket) -> None:
            heard.append(connection.recv(1000))
            connection.sendall(answer)

        return talk

    chat, token = plugins / "chat.alert", ("--token-file", f"{tmp_path}/token")
    with listening(bot(b"ok\n")) as port:
        words = ("--text", "{group}: {summary} ({status})", *token, "-p", str(port))
        trial = run_alert(chat, *words, group="web", summary="www1")
        run_alert(chat, *token, "-p", str(port), group="web", service="http", summary="www1", kind=EventKind.UP)
    assert (trial.exitval, trial.output) == (0, "said\n")
    assert heard[0] == heard[1] == b"s3cret web: www1 (fail)\n"
    assert heard[2] == b"s3cret UPALERT web/http: www1\n"
    with listening(bot(b"no\n")) as port:
        assert run_alert(chat, *token, "-p", str(port)).exitval == 69
    with nobody() as port:
        assert run_alert(chat, *token, "-p", str(port)).output == "cannot reach the bot: Connection refused\n"
    assert run_alert(chat, *token, "--bot", "not..a.name").output == "cannot reach the bot: not a valid host name\n"
    assert "no credential chat" in run_alert(chat).output


def test_a_slip_in_the_text_is_said_in_a_line(plugins: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    trial = run_alert(plugins / "chat.alert", "--token-file", tmp_path / "token", "--text", "{gruop}")
    assert trial.exitval == 64
    assert trial.output.startswith("chat.alert: --text: there is no {gruop} to fill in")
    assert trial.output.endswith("\ntry chat.alert --help\n")
    assert len(trial.output.splitlines()) == 2


def plugin(path: Path, *parts: str) -> Path:
    """A plugin of these parts."""
    names = ", ".join(sorted(set(pymon.plugin.__all__)))
    head = "#!/usr/bin/env python3\nfrom __future__ import annotations\nfrom dataclasses import dataclass\n"
    return write_program(path, "\n".join((head, f"from pymon.plugin import {names}", *parts)))


@pytest.mark.e2e
def test_a_required_option(tmp_path: Path) -> None:
    probe = "async def probe(host, options):\n    return Up()\n\nmonitor = Monitor(Options, probe)\n"
    end = 'if __name__ == "__main__":\n    monitor.main()\n'
    path = plugin(tmp_path / "db.monitor", block("@dataclass(frozen=True)\nclass Options:\n    database"), probe, end)
    without, empty = run_monitor(path, "127.0.0.1"), run_monitor(path, "--database", "", "--help")
    assert (without.exitval, without.summary) == (126, "db.monitor: --database NAME is required")
    assert "--database NAME" in empty.output
    assert empty.exitval == 0
    assert run_monitor(path, "--database", "x", "127.0.0.1").exitval == 0


@pytest.mark.e2e
@pytest.mark.parametrize("named", [True, False])
def test_a_template(tmp_path: Path, named: bool) -> None:
    """One that is wrong is said in a line, also where the alert does not name its option."""
    text = block("async def message(")
    if not named:
        text = re.sub(r" +try:\n +(return .*\n)(?s:.*)", r"    \1", text)
    options = '@dataclass(frozen=True)\nclass Options:\n    template: str = option("--template", default="", about="x")'
    deliver = "async def deliver(event, options):\n    return Done(await message(event, options.template))\n"
    end = 'alert = Alert(Options, deliver)\nif __name__ == "__main__":\n    alert.main()\n'
    path = plugin(tmp_path / "page.alert", text, options, deliver, end)
    assert run_alert(path, "--template", "{{ group }}!", group="web").output == "web!\n"
    for template in ("{{ gruop }}", "{% if %}\n"):
        trial = run_alert(path, "--template", template)
        assert trial.exitval == 64
        assert trial.output.startswith("page.alert: --template: " if named else "page.alert: ")
        assert len(trial.output.splitlines()) == 2


@pytest.mark.e2e
def test_the_package(plugins: Path, tmp_path: Path) -> None:
    """Built from the page's pyproject.toml, its monitor is found by its name."""
    project = block("[build-system]")
    assert "redis.monitor" in tomllib.loads(project)["project"]["entry-points"]["pymon.monitors"]
    (tmp_path / "pyproject.toml").write_text(project)
    (tmp_path / "pymon_redis").mkdir()
    (tmp_path / "pymon_redis/__init__.py").write_bytes((plugins / "redis.monitor").read_bytes())
    ((_, install),) = [each for each in BLOCKS if each[1].startswith("$ pip ")]
    offline = {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    words = [*install.removeprefix("$ ").split(), "--target", str(tmp_path / "site")]
    check_run([sys.executable, "-m", *words], tmp_path, offline)
    environ = {"PYTHONPATH": str(tmp_path / "site")}
    (tmp_path / "mon.cf").write_text("mondir = none\n")
    command = [sys.executable, "-m", "pymon.cli.main", "plugin"]
    listed = check_run([*command, "list", "-c", "mon.cf", "--monitors"], tmp_path, environ)
    assert re.search(r"redis.monitor +in process +pymon-redis 1.0 \(pymon_redis:monitor\)\n", listed)
    tried = check_run([*command, "test", "-c", "mon.cf", "redis.monitor", "127.0.0.1"], tmp_path, environ)
    assert "It did the same both ways" in tried


def test_every_name_of_the_sdk_is_told_of() -> None:
    table = PAGE.partition("## What the SDK gives")[2].partition("\n## ")[0]
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", table))))
    unsaid = sorted(set(pymon.plugin.__all__) - told)
    assert not unsaid, f"the table in docs/plugins.md has no {', '.join(unsaid)}"


def test_every_variable_is_told_of(tmp_path: Path) -> None:
    """Of those that a plugin is given; the page says more of those that need a history."""
    show = tmp_path / "show"
    write_program(show, "#!/bin/sh\nenv\n")
    table = PAGE.partition("The environment (")[2].partition("\n## ")[0]
    for trial in (run_monitor(show), run_alert(show)):
        given = set(re.findall(r"^(?:PY)?MON_\w+", trial.output, re.MULTILINE))
        assert len(given) > 7
        assert sorted(given - set(re.findall(r"\w+", table))) == []


def test_every_name_of_testing_is_told_of() -> None:
    chapter = PAGE.partition("## Testing")[2].partition("\n## ")[0]
    told = set(re.findall(r"\w+", " ".join(re.findall(r"`[^`]+`", chapter))))
    assert sorted(set(pymon.plugin.testing.__all__) - told) == []


def test_links_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", PAGE, re.M)
    }
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", PAGE):
        path, _, anchor = link.partition("#")
        assert not path or (ROOT / "docs" / path).exists(), link
        assert path or anchor in anchors, link
