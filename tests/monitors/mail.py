"""What the tests of mail servers' monitors share: arguments against misbehaving servers, and Debian's monitors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from tests.peers import require_peer
from tests.servers.adversity import Facing

FORGIVING = """
package Forgiving;
use Sys::Hostname ();
my $real = \\&Sys::Hostname::hostname;
no warnings 'redefine';
*Sys::Hostname::hostname = sub { $real->() };
1;
"""
"""Lets Perl's hostname() take arguments again, as it did before 5.36: Debian's monitors work with that."""


def plain(enemy: Facing) -> Sequence[str]:
    """Arguments without TLS."""
    return ["-t", str(enemy.limit), "-p", str(enemy.port), enemy.host]


def starttls(enemy: Facing) -> Sequence[str]:
    """Arguments with STARTTLS."""
    return ["--starttls", "-C", str(enemy.trusted), *plain(enemy)]


def tls(enemy: Facing) -> Sequence[str]:
    """Arguments with TLS from the start."""
    return ["--tls", "-C", str(enemy.trusted), *plain(enemy)]


async def debians(name: str, *arguments: str, older_perl: Path | None = None) -> tuple[int, str]:
    """Exit code and output of Debian's monitor; with a folder (for a file) as under a Perl before 5.36."""
    path = require_peer(name)
    environ = dict(os.environ)
    if older_perl is not None:
        (older_perl / "Forgiving.pm").write_text(FORGIVING)
        environ["PERL5OPT"] = f"-I{older_perl} -MForgiving"
    process = await asyncio.create_subprocess_exec(path, *arguments, stdout=asyncio.subprocess.PIPE, env=environ)
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, output.decode()
