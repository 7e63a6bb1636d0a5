"""freespace.monitor, on filesystems of its own where that is allowed, and beside Debian's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pymon.contract.invocation import Invocation
from pymon.runner.registry import load
from tests.monitors.servers import MONITORS, Check
from tests.peers import require_peer
from tests.tools import missing

FREESPACE = MONITORS / "freespace.monitor"

# 100 MB, of which 20 are taken: 81920 KB and 997 of 1001 inodes are free
PREPARE = (
    "mount -t tmpfs -o size=100m,nr_inodes=1001 none {0} && head -c 20971520 /dev/zero >{0}/file"
    " && mkdir {0}/folder && ln -s {0} {0}/link && cd {0}"
)


def in_namespace(program: str, arguments: str, folder: Path, prepare: str = PREPARE) -> tuple[int, str]:
    """Exit code and output of a run that sees a small filesystem of its own on ``folder``; ``FS`` stands for it."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        missing("mount namespaces of one's own are not allowed here: run as root")
    script = f"{prepare.format(folder)} && exec {program} {arguments.replace('FS', str(folder))}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, (done.stdout + done.stderr).replace(str(folder), "FS")


def ours(arguments: str, folder: Path) -> tuple[int, str]:
    return in_namespace(f"{sys.executable} {FREESPACE}", arguments, folder)


SPACE, INODES = "0.1GB free on FS", "997 inodes free on FS"


@pytest.mark.slow
@pytest.mark.peer
@pytest.mark.parametrize(
    ("arguments", "summary"),
    [
        ("FS:81919", ""),
        ("FS:81920", ""),
        ("FS:81921", SPACE),
        ("FS:80%", ""),
        ("FS:81%", SPACE),
        ("FS:80M", ""),
        ("FS:80m", ""),
        ("FS:80.5M", SPACE),
        ("FS:0.08G", SPACE),
        ("FS:1g", SPACE),
        ("FS:0.00001T", ""),
        ("FS:1T", SPACE),
        ("FS:0:997", ""),
        ("FS:0:998", INODES),
        ("FS:0:99%", ""),
        ("FS:0:99.8%", INODES),
        ("FS:81%:", SPACE),
        ("FS:99%:9999", f"{SPACE}, {INODES}"),
        ("FS/folder:1", "FS/folder is not a mount point"),
        ("FS/link:1", "FS/link is not a mount point"),
        ("/nonexistent FS:90%", f"/nonexistent is not a mount point, {SPACE}"),
    ],
)
def test_as_debians(arguments: str, summary: str, tmp_path: Path) -> None:
    peer = require_peer("freespace.monitor")
    exitval, output = ours(arguments, tmp_path)
    assert (exitval, output.partition("\n")[0]) == (1 if summary else 0, summary)
    assert in_namespace(str(peer), arguments, tmp_path) == (exitval, summary and f"{summary}\n")


def test_the_detail_has_the_figures(tmp_path: Path) -> None:
    assert ours("FS:90%:999 /proc", tmp_path) == (
        1,
        "0.1GB free on FS, 997 inodes free on FS, statfs error for /proc: it has no size\n"
        "FS: 0.1 of 0.1 GB free (80.0%), less than 90%\nFS: 997 of 1001 inodes free (99.6%), less than 999\n",
    )


@pytest.mark.slow
def test_ten_percent_by_itself_m_freespace_1(tmp_path: Path) -> None:
    """M-freespace-1: without a limit of its own Debian's never fails, though it says 10 %."""
    fill = PREPARE.replace("20971520", "99614720")
    program = f"{sys.executable} {FREESPACE}"
    for arguments in ("FS", "FS:", "FS/"):
        exitval, output = in_namespace(program, arguments, tmp_path, fill)
        assert (exitval, output.partition("\n")[0]) == (1, "0.0GB free on FS")
    assert in_namespace(program, "FS:5% FS:0", tmp_path, fill) == (0, "")
    assert ours("FS", tmp_path) == (0, "")


def test_a_mount_point_whose_name_has_a_blank(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    place.mkdir()
    prepare = "mount -t tmpfs -o size=1m none '{0}/a b'"
    arguments = "'FS/a b:2M'"
    assert in_namespace(f"{sys.executable} {FREESPACE}", arguments, tmp_path, prepare)[1].startswith(
        "0.0GB free on FS/a b\n"
    )


async def test_well_and_measured(check: Check) -> None:
    result = await check("freespace.monitor", "/:0:0")
    assert (result.exitval, result.output) == (0, "")
    if result.measurements:
        now = os.statvfs("/")
        found = {each.name: (each.host, each.value, each.unit) for each in result.measurements}
        assert found["free"][0] == "/"
        assert found["free"][1] == pytest.approx(now.f_bavail * now.f_frsize, rel=0.05)
        assert found["free"][2] == "B"
        assert found["free_percent"][1] == pytest.approx(100 * now.f_bavail / now.f_blocks, rel=0.05)
        assert {"inodes", "inodes_percent", "time"} <= set(found)


async def test_two_limits_of_one_filesystem(check_inside: Check) -> None:
    result = await check_inside("freespace.monitor", "/:0", "/:100%", "/:100%:0")
    assert result.exitval == 1
    assert result.output.count("GB free on /,") == 0
    assert result.output.partition("\n")[0].endswith("GB free on /")


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("/:abc", "'abc' is no amount"),
        ("/:10x", "'10x' is no amount"),
        ("/:-5", "'-5' is no amount"),
        ("/:.", "'.' is no amount"),
        ("/:K", "'K' is no amount"),
        ("/:101%", "101% is more than everything"),
        ("/:1:5K", "'5K' is no amount"),
        ("/:1:1:1", "'1:1' is no amount"),
        ("/:nan", "'nan' is no amount"),
    ],
)
async def test_limits_that_are_none_m_freespace_2(check_inside: Check, argument: str, why: str) -> None:
    """M-freespace-2: Debian's takes any text for a limit, and does not fail."""
    result = await check_inside("freespace.monitor", argument)
    assert result.exitval == 126
    form = "it must be PATH[:MIN[:INODES]], as in /var:10%:5%"
    assert result.output.startswith(f"freespace.monitor: {argument!r}: {why}; {form}\n")


async def test_no_path(check_inside: Check) -> None:
    result = await check_inside("freespace.monitor", "web1")
    assert (result.exitval, result.output.partition("\n")[0]) == (
        126,
        "freespace.monitor: 'web1': a mount point begins with /",
    )


@pytest.mark.slow
async def test_a_filesystem_that_hangs_m_freespace_3(monkeypatch: pytest.MonkeyPatch) -> None:
    """M-freespace-3: as statvfs of a directory whose NFS server is gone. The others are still told of."""
    import threading  # noqa: PLC0415

    released = threading.Event()
    real = os.statvfs

    def statvfs(path: str) -> os.statvfs_result:
        if path == "/proc":
            released.wait(10)
        return real(path)

    monkeypatch.setattr(os, "statvfs", statvfs)
    plugin = load("freespace.monitor", str(FREESPACE)).plugin
    assert plugin is not None
    answer = await plugin.run(Invocation(str(FREESPACE), ("-t", "0.2", "/proc", "/:100%"), {}))
    released.set()
    assert answer.exitval == 1
    assert answer.output.startswith("no answer from /proc within 0.2 seconds, ")
    assert answer.output.partition("\n")[0].endswith("GB free on /")
