"""Options of monitors that log in."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.options import OptionParser
from pymon.plugin import LoginOptions, PluginUsageError


def read(*arguments: str) -> LoginOptions:
    return OptionParser(LoginOptions).parse(arguments).of(LoginOptions)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("--tls --starttls", "--tls and --starttls exclude each other"),
        ("-u alice -S", "--user and --password-file need each other"),
        ("-P file -S", "--user and --password-file need each other"),
        ("-u alice -P file", "--user needs --tls or --starttls"),
    ],
)
def test_what_does_not_go_together(arguments: str, problem: str) -> None:
    with pytest.raises(PluginUsageError, match=problem):
        read(*arguments.split())


@pytest.mark.parametrize("how", ["--tls", "--starttls", "--cleartext"])
async def test_a_password_comes_from_a_file(how: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n")
    options = read("-u", "alice", "-P", str(tmp_path / "secret"), how)
    assert await options.password({}) == "geheim"
    assert (options.context_from_start() is not None) == (how == "--tls")


async def test_a_password_comes_from_systemd(tmp_path: Path) -> None:
    (tmp_path / "imap").write_text("geheim\n")
    options = read("-u", "alice", "-P", "credential:imap", "-S")
    assert await options.password({"CREDENTIALS_DIRECTORY": str(tmp_path)}) == "geheim"
    with pytest.raises(PluginUsageError, match="systemd passes none on"):
        await options.password({})
