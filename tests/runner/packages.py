"""An installed package that offers plugins, made for tests: built as a wheel and installed, without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "pymon-test-plugins"
version = "1.5"

[project.entry-points."pymon.monitors"]
"packaged.monitor" = "pymon_test_plugins:monitor"
"broken.monitor" = "pymon_test_plugins.broken:monitor"
"absent.monitor" = "pymon_test_plugins:nothing"
"text.monitor" = "pymon_test_plugins:__name__"
"http.monitor" = "pymon_test_plugins:monitor"

[project.entry-points."pymon.alerts"]
"packaged.alert" = "pymon_test_plugins:alert"

[tool.hatch.build.targets.wheel]
packages = ["pymon_test_plugins"]
"""

MODULE = '''
"""Plugins of a package."""

import sys
from dataclasses import dataclass

from pymon.plugin import Alert, AlertOutcome, Done, Down, Event, Host, Monitor, Outcome, Up, option

IMPORTED = globals().get("IMPORTED", 0) + 1


@dataclass(frozen=True)
class Options:
    bad: str = option("-b", "--bad", default="", about="the host that is down")


async def probe(host: Host, options: Options) -> Outcome:
    host.measure("length", len(host.name))
    return Down("bad") if host.name == options.bad else Up()


monitor = Monitor(Options, probe, look_up=False)


@dataclass(frozen=True)
class Where:
    file: str = option("-f", "--file", default="", about="where to write")


async def deliver(event: Event, where: Where) -> AlertOutcome:
    with open(where.file, "a") as file:
        file.write(f"{event.program} {event.group} {event.service} {event.summary}\\n")
    return Done("written")


alert = Alert(Where, deliver)
'''


def install(folder: Path) -> Path:
    """Build and install it; the directory that has to be on sys.path."""
    source, target = folder / "source", folder / "site"
    package = source / "pymon_test_plugins"
    package.mkdir(parents=True)
    (source / "pyproject.toml").write_text(PYPROJECT)
    (package / "__init__.py").write_text(MODULE)
    (package / "broken.py").write_text("import no_such_library\n")
    _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], source)
    (wheel,) = folder.glob("*.whl")
    words = ["install", "--quiet", "--no-index", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
    _run([sys.executable, "-m", "pip", *words, "--target", str(target), str(wheel)], folder)
    return target


def _run(command: list[str], directory: Path) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
