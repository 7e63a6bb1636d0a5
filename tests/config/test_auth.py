"""auth.cf: who may do what."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.config.auth import parse_auth
from pymon.config.loader import load
from pymon.errors import ConfigError
from pymon.model.auth import AuthRules, TrapSource

ETC = Path(__file__).resolve().parents[2] / "etc"
TEXT = """
# a comment
LIST : all
ack: root , oncall
start: !AUTH_ANY, all
stop: AUTH_ANY, !guest
test:
command section
set: root: x
trap section
  # another
10.0.0.1  mon  $6$salt$hash
*  *  *
command section
term: ALL
"""


@pytest.fixture
def rules() -> AuthRules:
    return parse_auth(TEXT)[0]


def test_lines(rules: AuthRules) -> None:
    assert rules.commands == {
        "list": ("all",),
        "ack": ("root", "oncall"),
        "start": ("!AUTH_ANY", "all"),
        "stop": ("AUTH_ANY", "!guest"),
        "test": (),
        "set": ("root: x",),
        "term": ("ALL",),
    }
    assert rules.traps == (TrapSource("10.0.0.1", "mon", "$6$salt$hash"), TrapSource("*", "*", "*"))


@pytest.mark.parametrize(
    ("user", "command", "allowed"),
    [
        ("", "list", True),
        ("root", "list", True),
        ("", "ack", False),
        ("root", "ack", True),
        ("other", "ack", False),
        ("", "start", True),
        ("root", "start", False),
        ("", "stop", False),
        ("root", "stop", True),
        ("guest", "stop", False),
        ("root", "test", False),
        ("root", "nosuch", False),
        ("root", "term", False),
        ("ALL", "term", True),
    ],
)
def test_order_of_the_rules(rules: AuthRules, user: str, command: str, allowed: bool) -> None:
    assert rules.allows(user, command) is allowed


def test_a_line_without_a_colon_is_left_out_and_an_error(tmp_path: Path) -> None:
    """At the start it is fatal, as in mon: the loader refuses what has errors."""
    (tmp_path / "auth.cf").write_text("list: all\nnonsense\nstop: root\n")
    (tmp_path / "mon.cf").write_text("hostgroup g h\n\nwatch g\n service s\n  traptimeout 1m\n")
    with pytest.raises(ConfigError, match="could not parse line 2 of auth file"):
        load(tmp_path / "mon.cf", overrides={"authfile": str(tmp_path / "auth.cf")})
    rules, problems = parse_auth("list: all\nnonsense\nstop: root\n")
    assert set(rules.commands) == {"list", "stop"}
    assert [problem.code for problem in problems] == ["auth-line"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("trap section\n10.0.0.1 ann S3cret", "10.0.0.1 ann …"),
        ("trap section\n10.0.0.1 ann S3cret x", "10.0.0.1 …"),
        ("trap section\n10.0.0.1 S3cret", "10.0.0.1 …"),
        ("trap section\nh ann S3cret", "h ann …"),
        ("trap section\n10.0.0.1 ann S3:cret", "10.0.0.1 ann …"),
        ("10.0.0.1 ann S3cret", "10.0.0.1 ann …"),
        ("ann: $6$salt$S3cret", "ann: …"),
        ("ann:abNANS3cretNc", "ann:…"),
        ("10.0.0.1 ann $6$salt$S3cret:x", "10.0.0.1 ann …"),
        ("lsit: all", "lsit: all"),
        ("list all", "list all"),
    ],
)
def test_problem_shows_no_secret(text: str, shown: str) -> None:
    """T-HASH: problems go to the log."""
    problems = parse_auth(text)[1]
    assert [problem.source for problem in problems] == [shown]
    assert "S3" not in "\n".join(map(str, problems))


def test_own_auth_file_is_clean() -> None:
    rules, problems = parse_auth((ETC / "auth.cf").read_text(encoding="utf-8"))
    assert problems == ()
    assert rules.allows("", "list")
    assert not rules.allows("", "stop")


@given(st.text(max_size=100))
def test_any_text_can_be_read(text: str) -> None:
    rules, problems = parse_auth(text)
    assert rules is not None
    assert all(problem.message for problem in problems)
