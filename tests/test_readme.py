"""What the README shows is true: its configuration, samples of output, and monitor are taken from it and run."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pymon.config.auth import parse_auth
from pymon.plugin.testing import listening as serving
from pymon.plugin.testing import run_monitor
from tests.addresses import listening
from tests.ports import free_port
from tests.programs import write_program

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
SSH = b"SSH-2.0-OpenSSH_9.2\r\n"


def block(beginning: str) -> str:
    """The fenced block whose text begins like this."""
    blocks: list[str] = re.findall(r"^```\w*\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (found,) = [text for text in blocks if text.startswith(beginning)]
    return found


def pymon(*arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pymon.cli.main", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def first(tmp_path: Path) -> str:
    text = block("plugins = own")
    (tmp_path / "first.cf").write_text(text, encoding="utf-8")
    (tmp_path / "auth.cf").write_text(block("command section"), encoding="utf-8")
    return text


@pytest.mark.e2e
@pytest.mark.usefixtures("first")
def test_the_first_configuration_is_clean(tmp_path: Path) -> None:
    command, said = block("$ pymon check first.cf").splitlines()[:2]
    checked = pymon(*command.split()[2:], directory=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, said + "\n"), checked.stderr


@pytest.mark.e2e
def test_the_broken_configuration_is_refused_in_these_words(first: str, tmp_path: Path) -> None:
    broken = first.replace("interval 2s", "interval 2").replace("alertevery", "alertevry")
    (tmp_path / "broken.cf").write_text(broken, encoding="utf-8")
    command, _, said = block("$ pymon check broken.cf").partition("\n")
    checked = pymon(*command.split()[2:], directory=tmp_path)
    assert (checked.returncode, checked.stdout + checked.stderr) == (2, said)


@pytest.mark.e2e
@pytest.mark.sample
@pytest.mark.usefixtures("first")
def test_the_sample_of_the_log_is_the_log(tmp_path: Path) -> None:
    """Line for line, but for times, directories, and where it listens."""
    _, _, shown, *sample = block("$ pymon check first.cf").splitlines()
    file = tmp_path / "first.cf"
    port = free_port()
    text = file.read_text(encoding="utf-8").replace("-p 8000", f"-p {port}")
    file.write_text(f"{listening()}\n{text}", encoding="utf-8")
    command = [sys.executable, "-m", "pymon.cli.main", *shown.split()[2:], "--statedir", str(tmp_path)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as daemon:
        limit = threading.Timer(30, daemon.kill)
        limit.start()
        assert daemon.stderr is not None
        wanted = [normal(line) for line in sample]
        told = (line for line in daemon.stderr if not re.search(" listening for |, which hides ", line))
        got = [normal(line) for _, line in zip(wanted, told, strict=False)]
        daemon.terminate()
        daemon.communicate()
        limit.cancel()
    assert got == wanted
    assert (tmp_path / "outages.log").read_text(encoding="utf-8").startswith("failure web http ")


@pytest.fixture
def asked(first: str, tmp_path: Path) -> Iterator[list[str]]:
    """What the clients of the README need to find a daemon with its files, once it has told of the outage."""
    port = free_port()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = nobody.getsockname()[1]
        text = f"serverport = {port}\ntrapport = {port}\n" + first.replace("-p 8000", f"-p {closed}")
        (tmp_path / "first.cf").write_text(text, encoding="utf-8")
        command = [*(sys.executable, "-m", "pymon.cli.main", "run", "-c", "first.cf", "--authfile", "auth.cf")]
        command += ["--log-level", "suppressed", "--statedir", str(tmp_path)]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as daemon:
            limit = threading.Timer(60, daemon.kill)
            limit.start()
            assert daemon.stderr is not None
            assert any("alertevery 30m" in line for line in daemon.stderr), "it ended before it held an alert back"
            yield ["--port", str(port)]
            daemon.terminate()
            daemon.communicate()
            limit.cancel()


@pytest.mark.e2e
def test_the_clients_say_what_is_shown(asked: list[str], tmp_path: Path) -> None:
    """One after the other, but for times and numbers."""
    samples = block("$ moncmd list watch") + block("$ pymon why web http")
    modules = {"moncmd": "pymon.client.moncmd", "monshow": "pymon.client.monshow.main", "pymon": "pymon.cli.main"}
    environ = os.environ | {"MONHOST": "127.0.0.1", "HOME": str(tmp_path)}
    for sample in samples.removeprefix("$ ").split("\n$ "):
        line, _, expected = sample.partition("\n")
        program, *words = shlex.split(line)
        options = {"moncmd": ["-p", asked[-1]], "monshow": [*asked, "--rcfile", "/nonexistent"]}.get(program, asked)
        where = [*words, *options] if program == "pymon" else [*options, *words]
        command = [sys.executable, "-m", modules[program], *where]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        said, shown = ([timeless(each) for each in text.rstrip().splitlines()] for text in (done.stdout, expected))
        if program == "pymon":  # how often a check came by then is a matter of time; what there is to tell is not
            said, shown = (sorted(set(each)) for each in (said, shown))
            shown = [each for each in shown if each != "check ok"]
        assert said == shown


def timeless(line: str) -> str:
    """A line of a client without what time makes of it."""
    line = re.sub(r"^time: .*|server: \S+", "WHEN AND WHERE", line.strip())
    line = re.sub(r"\(today\)|^[0-9-]{10} |^[0-9:]{8} +|\[\d+ times until [0-9:]+\]", "", line)
    line = re.sub(r"\(\d+ failures in a row\)", "(N failures in a row)", line)
    return " ".join(re.sub(r"\b\d+s\b", "TIME", line).split())


@pytest.mark.e2e
def test_the_library_says_what_is_failing(asked: list[str]) -> None:
    code = block("from pymon.client import Client").replace('"localhost"', f'"127.0.0.1", {asked[-1]}')
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, "web http 127.0.0.1 \n"), done.stderr


@pytest.mark.parametrize("page", ["README.md", "docs/server.md", "docs/client.md"])
def test_auth_files_are_in_order(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (auth,) = re.findall(r"^```\n(command section\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert parse_auth(auth)[1] == ()


def normal(line: str) -> str:
    line = re.sub(r"^[0-9:.]{12} ", "TIME ", line.rstrip("\n"))
    line = re.sub(r"\b\d{10}\b", "EPOCH", line)
    line = re.sub(r"\(/\S*/file.alert", "(DIRECTORY/file.alert", line)
    return re.sub(r"last alert \w+ ago", "last alert AGO", line)


@pytest.fixture
def ssh_monitor(tmp_path: Path) -> Path:
    file = tmp_path / "ssh.monitor"
    write_program(file, block("#!/usr/bin/env python3"))
    return file


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        (SSH, (0, "")),
        (b"220 ftp\r\n", (1, "127.0.0.1\n127.0.0.1: it greets with '220 ftp'\n")),
        (b"", (1, "127.0.0.1\n127.0.0.1: it greets with ''\n")),
    ],
)
def test_the_monitor_runs_both_ways(ssh_monitor: Path, greeting: bytes, expected: tuple[int, str]) -> None:
    """As a program and inside the daemon."""
    with serving(lambda connection: connection.sendall(greeting)) as port:
        trial = run_monitor(ssh_monitor, "-p", str(port), "127.0.0.1")
    assert (trial.exitval, trial.output) == expected
    assert trial.inside is not None


@pytest.mark.e2e
def test_the_monitor_is_typed_as_the_rest_is(ssh_monitor: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--scripts-are-modules", str(ssh_monitor)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_a_monitor_in_ten_lines(tmp_path: Path) -> None:
    text = block("#!/bin/sh")
    assert len(text.splitlines()) <= 10
    monitor = tmp_path / "name.monitor"
    write_program(monitor, text)
    well = subprocess.run([monitor, "localhost"], capture_output=True, text=True, check=False)
    assert (well.returncode, well.stdout) == (0, "")
    hosts = ("no-such-host.invalid", "localhost", "nor-this.invalid")
    ill = subprocess.run([monitor, *hosts], capture_output=True, text=True, check=False)
    assert (ill.returncode, ill.stdout) == (1, "no-such-host.invalid nor-this.invalid\n")


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT))))
def test_what_it_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()


def test_what_contributors_are_sent_to_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"[`(]((?:pymon|tests|monitors|alerts|etc|docs)/[\w./]*)[`)]", text)
    in_house = re.findall(
        r"^ {4}.* ((?:model|config|core|engine|plugin|monitor|alert|ipvs|server|client)/[\w./]+\.py)",
        text,
        re.MULTILINE,
    )
    assert len(paths) > 20
    assert len(in_house) > 10
    real = [path for path in paths if "NAME" not in path and not path.startswith("pymon/share/")]
    assert [path for path in (*real, *(f"pymon/{path}" for path in in_house)) if not (ROOT / path).exists()] == []
