"""Debian's mon is installed with all that the tests use of it, and what lacks something says what."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import peers, tools
from tests.peers import PATHS, lacking_module, require_peer
from tests.programs import write_program
from tests.tools import RequireTool

INSTALLER = Path(__file__).resolve().parents[1] / ".ci" / "peers"

USED = """
package Used;
my %modules;
unshift @INC, sub { my ($self, $module) = @_; $modules{$module} = 1 if (caller 0)[1] eq $0; return };
CHECK { print map { "uses $INC{$_}\\n" } sort keys %modules }
1;
"""
"""Prints the files of the modules that a Perl program itself uses. What those need is their own packages' matter."""


def named_packages() -> set[str]:
    """What ``.ci/peers`` installs."""
    return set(subprocess.run([INSTALLER, "names"], capture_output=True, text=True, check=True).stdout.split())


def installed_with(names: set[str]) -> set[str]:
    """These packages, the essential ones, and all that they depend on, but not what they only recommend."""
    listed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package}\t${Essential}\t${Pre-Depends}, ${Depends}\n"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    needs: dict[str, set[str]] = {}
    reached: set[str] = set()
    todo = set(names)
    for line in listed.splitlines():
        name, essential, depends = line.split("\t")
        needs[name] = {re.split(r"[ :(]", each.strip(), maxsplit=1)[0] for each in re.split(r"[,|]", depends)}
        if essential == "yes":
            todo.add(name)
    while todo:
        name = todo.pop()
        reached.add(name)
        todo |= needs.get(name, set()) - reached
    return reached


@pytest.fixture(scope="module", name="packages")
def packages_fixture() -> set[str]:
    """All packages that a machine has on which nothing but ``.ci/peers`` has installed anything."""
    tools.require_tool("dpkg-query", package="dpkg", why="packages are Debian's")
    return installed_with(named_packages())


@pytest.mark.peer
@pytest.mark.parametrize("name", PATHS)
def test_a_peers_modules_come_from_what_is_named(name: str, packages: set[str], tmp_path: Path) -> None:
    path = require_peer(name)
    (tmp_path / "Used.pm").write_text(USED, encoding="ascii")
    said = peers.compiled(path, f"-I{tmp_path}", "-MUsed")
    files = {Path(file).resolve() for file in re.findall(r"^uses (/.+)$", said, re.MULTILINE)}
    if not files:
        assert not re.search(rb"^\s*use [A-Z]", path.read_bytes(), re.MULTILINE)
        return
    owners = subprocess.run(["dpkg", "-S", *files], capture_output=True, text=True, check=True).stdout
    lacking = {line.partition(":")[0] for line in owners.splitlines()} - packages
    assert not lacking, f"{path} loads modules of packages that .ci/peers does not install: {sorted(lacking)}"


@pytest.mark.parametrize(
    ("module", "package"),
    [
        ("Proc::ProcessTable", "libproc-processtable-perl"),
        ("Net::DNS", "libnet-dns-perl"),
        ("Net::SSLeay", "libnet-ssleay-perl"),
        ("CGI", "libcgi-pm-perl"),
        ("Mon::Client", "mon-client"),
    ],
)
def test_a_module_has_a_package(module: str, package: str) -> None:
    assert peers.package_of(module) == package
    assert package in named_packages()


PROGRAMS = {
    "lacks": "#!/usr/bin/perl -w\nuse strict;\nuse No::Such::Module;\nprint 'ran';\n",
    "lacks one, with taint checks": "#!/usr/bin/perl -wT\nuse No::Such::Module qw(this that);\n",
    "lacks a version": "#!/usr/bin/perl\nuse No::Such::Module 1.5;\n",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_one_without_a_module_says_which_and_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require_tool: RequireTool, program: str
) -> None:
    require_tool("perl")
    path = tmp_path / "own.monitor"
    write_program(path, program)
    assert lacking_module(path) == "No::Such::Module"
    monkeypatch.setitem(PATHS, "own.monitor", path)
    monkeypatch.setattr(tools, "in_ci", lambda: False)
    with pytest.raises(
        pytest.skip.Exception, match=r"own\.monitor cannot run .*apt-get install libno-such-module-perl"
    ):
        require_peer("own.monitor")
    monkeypatch.setattr(tools, "in_ci", lambda: True)
    with pytest.raises(pytest.fail.Exception, match=r"CI=true, .*apt-get install libno-such-module-perl"):
        require_peer("own.monitor")


def test_one_that_is_not_there_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PATHS, "own.monitor", tmp_path / "own.monitor")
    monkeypatch.setattr(tools, "in_ci", lambda: False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install mon"):
        require_peer("own.monitor")


@pytest.mark.parametrize("program", ["#!/bin/sh\nexit 0\n", "#!/usr/bin/perl\nuse strict;\ndie;\n", "\x7fELF", ""])
def test_one_that_lacks_nothing_can_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, require_tool: RequireTool, program: str
) -> None:
    require_tool("perl")
    path = tmp_path / "own.monitor"
    write_program(path, program)
    monkeypatch.setitem(PATHS, "own.monitor", path)
    assert require_peer("own.monitor") == path


def test_peers_are_run_by_their_names_only() -> None:
    """A path that stands in a test is none that ``require_peer`` looks at."""
    folder = Path(__file__).parent
    for path in folder.rglob("*.py"):
        if path.name not in {"peers.py", "test_peers.py"}:
            assert "/usr/lib/mon/" not in path.read_text(encoding="utf-8"), path
