"""``pymon check``: what is wrong with a configuration, or where the values of one service come from."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pymon.config.explain import Explained, explain
from pymon.config.loader import PluginFinder, Reading, read
from pymon.config.report import MOST
from pymon.core.timing import time_limit
from pymon.errors import ConfigError
from pymon.model.depend import ServiceKey
from pymon.model.problem import Problem, Severity
from pymon.runner.validation import subjects_of, validate_apart

CLEAN, WARNINGS, ERRORS = 0, 1, 2
"""exit statuses"""


def check(file: Path, *, as_json: bool, explain: tuple[str, str] | None, m4: str | None = None) -> int:
    """Print every problem of a file, or with ``explain`` (group, service) that service's effective values.

    ``m4`` is the m4 to pass it through, as the daemon's option; a file whose name ends in ``.m4`` needs none.
    Returns the exit status: 0 clean, 1 warnings, 2 errors (also when there is no such service).
    """
    try:
        reading = read(file, m4=m4)
    except ConfigError as error:
        return _print_problems(file, error.problems, None, as_json=as_json)
    if not reading.report.has_errors:
        lines = reading.arguments()
        subjects = subjects_of(reading.paths(lines.programs))
        reading.report.include(lines.problems(validate_apart(subjects, lines.trials)) if subjects else ())
    problems = reading.report.problems()
    status = _status(problems)
    if explain is None or status == ERRORS:
        return _print_problems(file, problems, reading, as_json=as_json)
    return _print_explanation(reading, str(file), ServiceKey(*explain), status, as_json=as_json)


def _status(problems: Sequence[Problem]) -> int:
    """The exit status that problems call for."""
    if any(problem.severity is Severity.ERROR for problem in problems):
        return ERRORS
    return WARNINGS if problems else CLEAN


def _print_problems(file: Path, problems: Sequence[Problem], reading: Reading | None, *, as_json: bool) -> int:
    """Print problems and a summary; returns the exit status."""
    status = _status(problems)
    if as_json:
        document = {"file": str(file), "status": status, "problems": [_as_dict(problem) for problem in problems]}
        _write(json.dumps(document, ensure_ascii=False, indent=2))
        return status
    for problem in problems:
        _write(f"{problem}\n")
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    counts = [_count(errors, "error"), _count(len(problems) - errors, "warning")]
    found = ", ".join(count for count in counts if count) or "no problems"
    _write(f"{file}: {found}{_size(reading) if status != ERRORS and reading else ''}")
    return status


def _count(number: int, noun: str) -> str:
    """A number with its noun; empty for zero."""
    return f"{number}{' or more' if number == MOST else ''} {noun}{'s' if number > 1 else ''}" if number else ""


def _size(reading: Reading) -> str:
    """What a site that can be used holds."""
    site = reading.site
    counts = [_count(len(site.services), "service"), f"on {_count(len(site.hostgroups), 'hostgroup')}"]
    return f" ({' '.join(counts)})" if site.services else " (no services)"


def _as_dict(problem: Problem) -> dict[str, object]:
    """A problem as a JSON object."""
    return {
        "severity": str(problem.severity),
        "code": problem.code,
        "file": problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "message": problem.message,
        "advice": problem.advice,
        "source": problem.source,
    }


def _print_explanation(reading: Reading, file: str, key: ServiceKey, status: int, *, as_json: bool) -> int:
    """Print the effective values of one service."""
    draft = reading.draft
    try:
        lines = explain(
            reading.site, draft.built, reading.tree, draft.assignments, key,
            file=file, find=PluginFinder(), time_limit=time_limit,
        )  # fmt: skip
    except KeyError:
        known = {str(each).lower(): str(each) for each in reading.site.services}
        close = [known[each] for each in difflib.get_close_matches(str(key).lower(), known, n=3)]
        advice = f"; did you mean {' or '.join(close)}?" if close else ""
        print(f"{file}: there is no service {key}{advice}", file=sys.stderr)
        return ERRORS
    if as_json:
        values = [{"part": each.part, "name": each.name, "value": each.value, "origin": each.origin} for each in lines]
        document = {"file": file, "group": key.group, "service": key.service, "values": values}
        _write(json.dumps(document, ensure_ascii=False, indent=2))
        return status
    _print_table(key, lines)
    return status


def _print_table(key: ServiceKey, lines: Sequence[Explained]) -> None:
    """Print values in columns, part by part."""
    name_width = max(len(each.name) for each in lines)
    value_width = min(60, max(len(each.value) for each in lines))
    _write(str(key))
    part = ""
    for each in lines:
        if each.part != part:
            part = each.part
            _write(f"\n{part}")
        _write(f"  {each.name:{name_width}}  {each.value:{value_width}}  {each.origin}")


def _write(text: str) -> None:
    """Write to standard output; what it cannot show is written as an escape."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))
