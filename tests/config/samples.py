"""The samples of pymon.config.problems, taken apart: the configuration, and where the caret must be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pymon.config.build import build
from pymon.config.keywords import FIRST_WORDS
from pymon.config.lines import Source
from pymon.config.loader import Reading, read
from pymon.config.parse import parse
from pymon.config.problems import PROBLEM_KINDS
from pymon.config.problems.kind import MARK, ProblemKind
from pymon.config.report import ProblemReport
from pymon.errors import ConfigError
from pymon.model.problem import Problem
from pymon.model.site import Site
from tests.programs import write_program


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample: ``line`` and ``column`` (from 1) are where its mark was."""

    kind: ProblemKind
    text: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.kind.code}: {self.text.splitlines()[self.line - 1].strip()}"


def samples() -> list[Sample]:
    """Every sample of the table."""
    return [_sample(kind, marked) for kind in PROBLEM_KINDS.values() for marked in kind.samples]


def _sample(kind: ProblemKind, marked: str) -> Sample:
    assert marked.count(MARK) == 1, f"{kind.code}: {marked!r}"
    before, _, after = marked.partition(MARK)
    return Sample(kind, before + after, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


def write(folder: Path, text: str | bytes, name: str = "mon.cf") -> Path:
    """Write a configuration file; returns where."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    return path


def read_text(folder: Path, text: str | bytes, name: str = "mon.cf") -> Reading:
    """Read a configuration from a file that holds this text."""
    return read(
        write(folder, text, name),
        overrides={"mondir": (str(folder / "mon.d"),), "alertdir": (str(folder / "alert.d"),)},
    )


def problems_of(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    """Everything wrong with a configuration."""
    try:
        return read_text(folder, text).report.problems()
    except ConfigError as error:
        return error.problems


def make_programs(folder: Path) -> None:
    """Make the monitor and the alert that samples name."""
    for name in ("mon.d/m.monitor", "alert.d/a.alert", "alert.d/lvs-site.alert", "alert.d/test.alert"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        write_program(path, "#!/bin/sh\nexit 0\n")


def site_of(text: str) -> Site:
    """The site that a text without errors means."""
    report = ProblemReport(Source("mon.cf", text, FIRST_WORDS))
    site = build(parse(report), report).site
    assert not report.has_errors, report.problems()
    return site
