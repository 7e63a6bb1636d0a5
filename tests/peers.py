"""Debian's mon and what comes with it, which tests run beside pymon: found, or a reason that says what is missing.

``mon`` may be there without a Perl module that one of its monitors loads (Debian only recommends those packages). Such
a monitor dies at once, which would look like a difference from pymon; so a peer counts as missing until Perl can load
all that it uses.
"""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path

from tests.tools import missing, require_tool

HOME = Path("/usr/lib/mon")
MONITORS, LOCAL_MONITORS, ALERTS = (HOME / name for name in ("mon.d", "mon-local.d", "alert.d"))
PATHS = {
    "mon": Path("/usr/sbin/mon"),
    "mon.cgi": Path("/usr/lib/cgi-bin/mon.cgi"),
    **{name: Path("/usr/bin", name) for name in ("moncmd", "monfailures", "monshow", "skymon")},
    **{
        f"{name}.monitor": MONITORS / f"{name}.monitor"
        for name in ("dns", "file_change", "fping", "ftp", "http", "imap", "mon", "ntpdate", "phttp", "rd", "smtp")
    },
    **{f"{name}.monitor": MONITORS / f"{name}.monitor" for name in ("sslcert", "tcp")},
    **{f"{name}.monitor": LOCAL_MONITORS / f"{name}.monitor" for name in ("freespace", "ps")},
    **{f"{name}.alert": ALERTS / f"{name}.alert" for name in ("file", "mail", "qpage", "test", "trap")},
}
"""Every peer that a test runs, or has a daemon run; ``.ci/peers`` installs what they need."""

PACKAGES = {"CGI": "libcgi-pm-perl", "HTML::Entities": "libhtml-parser-perl", "Mon::Client": "mon-client"}
"""Debian packages of Perl modules whose names do not follow the rule (Foo::Bar is in libfoo-bar-perl)."""
_LACKING = re.compile(r"Can't locate (\S+)\.pm in @INC")
_WHY = "a program that pymon is compared with"


def require_peer(name: str) -> Path:
    """The path of a peer that can run; else the test is skipped, or fails where ``CI=true``, with what to install."""
    path = require_tool(str(PATHS[name]), package="mon", why=_WHY)
    module = lacking_module(path)
    if module is not None:
        missing(f"{path} cannot run without the Perl module {module}: apt-get install {package_of(module)}")
    return path


def package_of(module: str) -> str:
    """The Debian package that a Perl module comes in, by Debian's rule for their names."""
    return PACKAGES.get(module, f"lib{module.replace('::', '-').lower()}-perl")


@functools.cache
def lacking_module(program: Path) -> str | None:
    """The first Perl module that a program uses and this machine lacks; None if it has them all, or is no Perl."""
    lacking = _LACKING.search(compiled(program))
    return lacking[1].replace("/", "::") if lacking else None


def compiled(program: Path, *options: str) -> str:
    """What ``perl -c`` says of a program, with these options and those of its first line; nothing if it is no Perl."""
    with program.open("rb") as file:
        first = file.readline().decode("utf-8", "replace").removeprefix("#!").split()
    if not first or "perl" not in Path(first[0]).name:
        return ""
    own = [word for word in first[1:] if word.startswith("-")]
    ended = subprocess.run(
        ["perl", *own, *options, "-c", program],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60, check=False,
    )  # fmt: skip
    return ended.stdout + ended.stderr
