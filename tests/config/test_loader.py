"""Files are read, decoded, passed through m4, and their paths made absolute."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from pymon.config.limits import ConfigLimits
from pymon.config.loader import load, load_auth
from pymon.errors import ConfigError
from pymon.executable import Search, search
from pymon.model.problem import Severity
from pymon.share import share_path
from tests.config.samples import problems_of, write

SITE = "hostgroup g h\n\nwatch g\n service s\n  traptimeout 1m\n  description {}\n"


def test_load_gives_site_and_warnings(folder: Path) -> None:
    loaded = load(write(folder, "hello\n\n" + SITE.format("x")))
    assert [str(key) for key in loaded.site.services] == ["g:s"]
    assert [problem.code for problem in loaded.problems] == ["ignored-line"]


def test_an_error_refuses_the_file_with_all_its_problems(folder: Path) -> None:
    path = write(folder, "hello\nmaxproc = 3\nhostgroup g h\n\nwatch g\n service s\n  interval 5\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    codes = [(problem.severity, problem.code) for problem in caught.value.problems]
    assert codes == [
        (Severity.WARNING, "ignored-line"),
        (Severity.ERROR, "unknown-variable"),
        (Severity.ERROR, "time"),
    ]
    assert f"{path}:2:1: error: unknown variable 'maxproc'\n    maxproc = 3\n    ^\n" in str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"could not open cf file: .*no\.cf: No such file or directory"):
        load(tmp_path / "no.cf")


def test_a_directory_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["big.cf", "/dev/zero"])
def test_what_is_too_large_for_a_configuration_is_not_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if not path.exists():
        path.touch()
        os.truncate(path, ConfigLimits().file_bytes + 1)
    with pytest.raises(ConfigError, match=f"{path}: error: this file has more than 16 MiB"):
        load(path)


def test_a_file_that_watches_nothing_is_warned_of(tmp_path: Path) -> None:
    """One cut short by a full disk would end all watching in silence."""
    path = write(tmp_path, "")
    (problem,) = load(path).problems
    assert str(problem) == f"{path}: warning: nothing is watched: there is no service in this file"


@pytest.mark.parametrize(
    ("encoding", "word", "guess"),
    [("euc-kr", "웹 서버", "EUC-KR"), ("cp949", "웹 서버 똠방각하", "CP949"), ("latin-1", "Türklingel", "")],
)
def test_other_encodings_are_refused_with_line_and_guess(folder: Path, encoding: str, word: str, guess: str) -> None:
    """C-ENCODING."""
    with pytest.raises(ConfigError) as caught:
        load(write(folder, SITE.format(word).encode(encoding)))
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.code) == (6, "encoding")
    assert problem.message == "this line is not UTF-8" + (f"; it looks like {guess}" if guess else "")
    assert problem.advice.startswith(f"convert the file: iconv -f {guess or 'ENCODING'} -t UTF-8")
    if guess:
        assert problem.source == f"  description {word}"
    str(caught.value).encode("utf-8")


def test_comments_in_another_encoding_do_no_harm(folder: Path) -> None:
    """C-ENCODING: mon reads such a file, and so does pymon."""
    text = SITE.format("x") + "\n# 한글 주석\n"
    loaded = load(write(folder, text.encode("euc-kr")))
    assert [(problem.code, problem.place.line) for problem in loaded.problems] == [("comment-encoding", 8)]
    assert "it looks like EUC-KR" in loaded.problems[0].message
    assert loaded.problems[0].source == "# 한글 주석"


def test_hangul_passes_unharmed(folder: Path) -> None:
    text = SITE.format("웹 서버 (쇼핑몰)") + "  period 주간\n"
    path = write(folder, text.replace("period 주간", 'period\n   alert a.alert "웹 서버 다운" ₩100'))
    loaded = load(path, overrides={"alertdir": str(folder / "alert.d")})
    (service,) = loaded.site.services.values()
    assert service.description == "웹 서버 (쇼핑몰)"
    assert service.periods[0].alerts[0].command.arguments == ("웹 서버 다운", "₩100")
    assert loaded.problems == ()


def test_command_line_beats_the_file(folder: Path) -> None:
    """C-OVERRIDES: at each reading anew."""
    path = write(folder, f"histlength = 50\nmaxprocs = 3\nmondir = /nowhere\n\n{SITE.format('x')}")
    overrides = {"histlength": 7, "mondir": f"{folder}/mon.d/:sub", "basedir": "/base", "pidfile": ""}
    settings = load(path, overrides=overrides).site.settings
    assert (settings.histlength, settings.maxprocs, settings.pidfile) == (7, 3, "")
    assert settings.mondir == (str(folder / "mon.d"), "/base/sub", str(share_path("monitors")))


def test_directories_ending_in_s_keep_it(folder: Path) -> None:
    """C-PATHS: mon drops letters s around a colon."""
    path = write(folder, f"mondir = /opt/mons:/x\n\n{SITE.format('x')}")
    assert load(path).site.settings.mondir[:2] == ("/opt/mons", "/x")


def test_authfile_is_looked_for_in_cfbasedir(folder: Path) -> None:
    """C-AUTHFILE: mon looks in the current directory when it checks, and in cfbasedir when it reads."""
    (folder / "auth.cf").write_text("list: all\n")
    path = write(folder, f"cfbasedir = {folder}\nauthfile = auth.cf\n\n{SITE.format('x')}")
    assert load(path).site.settings.authfile == str(folder / "auth.cf")
    assert [p.code for p in problems_of(folder, f"cfbasedir = {folder}\nuserfile = nosuch\n")] == ["unreadable-file"]


def test_an_override_makes_the_files_own_authfile_irrelevant(folder: Path) -> None:
    path = write(folder, f"authfile = /nonexistent\n\n{SITE.format('x')}")
    assert load(path, overrides={"authfile": "/etc/passwd"}).site.settings.authfile == "/etc/passwd"


def test_what_is_wrong_with_the_auth_file_is_told_after_the_rest(folder: Path) -> None:
    """C-AUTHFILE: a line that cannot be read keeps mon from starting, and pymon too."""
    auth = folder / "auth.cf"
    path = write(folder, f"hello\ncfbasedir = {folder}\n\n{SITE.format('x')}")
    auth.write_text("lsit: all\n")
    assert [(each.place.file, each.code) for each in load(path).problems] == [
        (str(path), "ignored-line"),
        (str(auth), "auth-command"),
    ]
    auth.write_text("list all\n")
    with pytest.raises(ConfigError, match=f"{auth}:1:1: error: could not parse line 1 of auth file"):
        load(path)
    auth.unlink()
    assert [each.code for each in load(path).problems] == ["ignored-line"], "the usual one need not be there"
    with pytest.raises(ConfigError, match="could not open auth file: No such file or directory"):
        load(path, overrides={"authfile": str(auth)})


def test_directories_that_are_not_there_are_told_one_by_one(folder: Path) -> None:
    path = write(folder, f"basedir = {folder}\nmondir = mon.d : nosuch : /nor/this\n\n{SITE.format('x')}")
    found = [(problem.place.column, problem.message) for problem in load(path).problems]
    assert found == [
        (18, f"mondir: there is no directory {folder}/nosuch"),
        (27, "mondir: there is no directory /nor/this"),
    ]


def test_directory_that_cannot_be_looked_into_is_told_with_the_reason(folder: Path) -> None:
    """A loop of links: neither is it missing, nor can even root look into it."""
    (folder / "loop").symlink_to(folder / "loop")
    path = write(folder, f"mondir = {folder}/loop\n" + SITE.format("x"))
    (problem,) = [each for each in load(path).problems if each.code == "unreadable-directory"]
    assert problem.message == f"mondir: {folder}/loop cannot be looked into: Too many levels of symbolic links"


@pytest.mark.parametrize("was_enabled", [True, False])
def test_the_collector_is_left_off_where_it_was_off(folder: Path, was_enabled: bool) -> None:
    path = write(folder, SITE.format("x"))
    (gc.enable if was_enabled else gc.disable)()
    try:
        load(path)
        assert gc.isenabled() is was_enabled
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("text", "granted"), [("command section\nlist: all\n", True), ("command section\nlist: root\n", False)]
)
def test_auth_file_is_read_again_by_itself(folder: Path, text: str, granted: bool) -> None:
    rules, problems = load_auth(str(write(folder, text, "auth.cf")))
    assert problems == ()
    assert rules.allows("", "list") is granted


def test_auth_file_that_cannot_be_read_again_is_an_error(folder: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_auth(str(folder / "auth.cf"))


def test_programs_are_executable_files(folder: Path) -> None:
    directories = (str(folder / "nosuch"), str(folder / "mon.d"))
    assert search("m.monitor", directories) == Search(str(folder / "mon.d/m.monitor"))
    (folder / "mon.d/plain").write_text("x")
    (folder / "mon.d/sub").mkdir()
    assert [search(name, directories) for name in ("nosuch", "", "a\0b", "plain/x")] == [Search()] * 4
    plain = folder / "mon.d/plain"
    assert search("plain", directories) == Search("", f"{plain} is not executable", f"chmod +x {plain}")
    assert search("sub", directories) == Search("", f"{folder}/mon.d/sub is a directory")


def test_a_program_that_cannot_be_run_is_told_from_one_that_is_not_there(folder: Path) -> None:
    (folder / "mon.d/nox.monitor").write_text("#!/bin/sh\n")
    (folder / "mon.d/dir.monitor").mkdir()
    service = " service {0}\n  interval 1m\n  monitor {0}.monitor\n"
    services = "".join(map(service.format, ("nox", "dir", "no")))
    path = write(folder, f"mondir = {folder}/mon.d\nhostgroup g h\n\nwatch g\n{services}")
    assert [(each.code, each.message, each.advice) for each in load(path).problems] == [
        (
            "unusable-monitor",
            f"monitor 'nox.monitor' cannot be run: {folder}/mon.d/nox.monitor is not executable",
            f"chmod +x {folder}/mon.d/nox.monitor",
        ),
        ("unusable-monitor", f"monitor 'dir.monitor' cannot be run: {folder}/mon.d/dir.monitor is a directory", ""),
        ("missing-monitor", "monitor 'no.monitor' is in no directory of mondir", ""),
    ]


def test_a_program_that_is_not_there_may_be_a_slip(folder: Path) -> None:
    """The names in the directories of the site, and pymon's own, are known."""
    (folder / "mon.d/disk.monitor").write_text("#!/bin/sh\n")
    text = (
        f"mondir = {folder}/mon.d:{folder}/nosuch\nalertdir = {folder}/mon.d\n"
        "hostgroup g h\n\nwatch g\n service s\n  interval 1m\n"
        "  monitor dsk.monitor\n  period wd {Sun-Sat}\n   alert mial.alert\n   alert zzzz.alert\n"
    )
    advice = {
        each.message.split("'")[1]: each.advice for each in load(write(folder, text)).problems if "'" in each.message
    }
    assert advice["dsk.monitor"] == "did you mean 'disk.monitor'?"
    assert advice["mial.alert"] == "did you mean 'mail.alert'?"
    assert advice["zzzz.alert"] == ""


def test_own_plugins_are_found_after_the_users(folder: Path) -> None:
    """C-PLUGINS."""
    text = "hostgroup g h\n\nwatch g\n service s\n  interval 1m\n  monitor http.monitor\n  period\n   alert lvs.alert\n"
    assert load(write(folder, f"plugins = first\n{text}")).problems == ()


def test_the_collector_is_left_as_it_was(folder: Path) -> None:
    assert gc.isenabled()
    load(write(folder, SITE.format("x")))
    assert gc.isenabled()
    with pytest.raises(ConfigError):
        load(write(folder, "x = 1\n"))
    assert gc.isenabled()
