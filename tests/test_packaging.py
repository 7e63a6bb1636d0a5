"""The wheel carries all that pymon needs, and works where nothing else of the checkout is.

The build and the installation need no network: the build backend is in the development environment, and the libraries
are those of this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from pymon.demo.table import VIRTUAL
from tests.ports import fixed_port

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("monitors", "alerts", "etc")


@dataclass(frozen=True, slots=True)
class Built:
    """What one build made."""

    wheel: Path
    sdist: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    directory = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(directory)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = directory.glob("*.whl")
    (sdist,) = directory.glob("*.tar.gz")
    return Built(wheel, sdist)


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin directory of an environment with the wheel in it; the libraries are those of this environment."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "install", "--quiet", "--no-index",
         "--no-deps", "--no-cache-dir", "--disable-pip-version-check", "--force-reinstall", str(built.wheel)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return home / "bin"


def run(program: Path, *arguments: str, directory: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [program, *arguments], cwd=directory, env=environ | {"PYMON_IPVS": "memory"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_wheel_carries_plugins_and_configurations(built: Built) -> None:
    with ZipFile(built.wheel) as wheel:
        names = set(wheel.namelist())
        modes = {info.filename: info.external_attr >> 16 for info in wheel.infolist()}
    for room in ROOMS:
        for file in (ROOT / room).iterdir():
            if file.is_file():
                inside = f"pymon/share/{room}/{file.name}"
                assert inside in names
                assert bool(modes[inside] & 0o100) == os.access(file, os.X_OK), f"{inside} lost its mode"
    assert {"pymon/config/grammar.lark", "pymon/py.typed"} <= names
    assert not [name for name in names if name.startswith("tests/") or "__pycache__" in name]


def test_the_sdist_can_be_worked_with(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"Makefile", "README.md", "CHANGELOG.md", "LICENSE", "requirements.lock", ".ci/peers", ".ci/run"} <= names
    assert {"docs/compatibility.md", "tests/test_packaging.py", "etc/demo.cf"} <= names


def test_an_installed_pymon_finds_its_own_plugins(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "python", "-c", "import pymon.share as s; print(s.share_path('etc'))", directory=tmp_path)
    etc = Path(done.stdout.strip())
    assert etc.is_relative_to(installed.parent)
    assert etc.parts[-3:] == ("pymon", "share", "etc")
    checked = run(installed / "pymon", "check", str(etc / "demo.cf"), directory=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.sample
def test_an_installed_pymon_shows_its_demo(installed: Path, tmp_path: Path) -> None:
    with fixed_port(VIRTUAL.port):
        done = run(installed / "pymon", "demo", "--once", directory=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_both_commands_are_installed(installed: Path, tmp_path: Path) -> None:
    versions = [run(installed / name, *arguments, directory=tmp_path).stdout
                for name, arguments in (("mon", ("-v",)), ("pymon", ("version",)))]  # fmt: skip
    assert versions[0] == versions[1]
    assert versions[0].startswith("pymon 0.")
