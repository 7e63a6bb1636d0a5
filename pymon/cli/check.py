"""``pymon check``: what is wrong with a configuration, or where the values of one service come from."""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pymon.config.explain import Explained, explain
from pymon.config.limits import ConfigLimits
from pymon.config.loader import PluginFinder, Reading, read
from pymon.core.timing import time_limit
from pymon.errors import ConfigError
from pymon.installed import ALERTS
from pymon.live.finding import Finding, State
from pymon.model.depend import ServiceKey
from pymon.model.problem import Problem, Severity
from pymon.runner.validation import subjects_of, validate_apart
from pymon.share import share_path

CLEAN, WARNINGS, ERRORS = 0, 1, 2
"""exit statuses"""

MOST_SHOWN = 8
"""tries of one kind that went well and are shown one by one"""


def check(
    file: Path, *, as_json: bool, explain: tuple[str, str] | None, m4: str | None = None, live: bool = False
) -> int:
    """Print every problem of a file, or with ``explain`` (group, service) that service's effective values.

    ``m4`` is the m4 to pass it through, as the daemon's option; a file whose name ends in ``.m4`` needs none. ``live``
    tries what can be tried on this machine. Returns the exit status: 0 clean, 1 warnings, 2 errors (also when there is
    no such service).
    """
    try:
        reading = read(file, m4=m4)
    except ConfigError as error:
        return _print_problems(file, error.problems, None, as_json=as_json)
    if explain is not None and not reading.report.has_errors:
        problems = reading.report.problems()
        return _print_explanation(reading, str(file), ServiceKey(*explain), _status(problems), as_json=as_json)
    findings: tuple[Finding, ...] | None = None
    lines = reading.arguments()
    paths = reading.paths(lines.programs)
    subjects = subjects_of(paths)
    reading.report.include(lines.problems(validate_apart(subjects, lines.trials)) if subjects else ())
    if not reading.report.has_errors:
        reading.report.include(_lvs_problems(reading, paths))
        findings = _try_machine(reading, paths) if live else None
    return _print_problems(file, reading.report.problems(), reading, as_json=as_json, findings=findings)


def _try_machine(reading: Reading, paths: Mapping[tuple[str, str], str]) -> tuple[Finding, ...]:
    """Try what the configuration needs of this machine."""
    from pymon.live.run import run_tries  # noqa: PLC0415  # imports much that the other ways do without
    from pymon.live.tries import list_tries  # noqa: PLC0415  # as above

    return run_tries(list_tries(reading.site, paths, os.environ))


def _lvs_problems(reading: Reading, paths: Mapping[tuple[str, str], str]) -> Sequence[Problem]:
    """What is odd about the lines of pymon's own lvs.alert; nobody knows what another program of that name does."""
    own = (share_path("alerts") / "lvs.alert").resolve()
    called = {
        name
        for (group, name), path in paths.items()
        if group == ALERTS and name.endswith(own.name) and Path(path).resolve() == own
    }
    if not called:
        return ()
    from pymon.ipvs.lines import read_line  # noqa: PLC0415  # for directors only

    return reading.lvs_problems(read_line, called)


def _status(problems: Sequence[Problem]) -> int:
    """The exit status that problems call for."""
    if any(problem.severity is Severity.ERROR for problem in problems):
        return ERRORS
    return WARNINGS if problems else CLEAN


def _print_problems(
    file: Path,
    problems: Sequence[Problem],
    reading: Reading | None,
    *,
    as_json: bool,
    findings: Sequence[Finding] | None = None,
) -> int:
    """Print problems, what was found on the machine, and a summary; returns the exit status."""
    wrong = [each for each in findings or () if each.state is not State.OK]
    status = max(_status(problems), WARNINGS if wrong else CLEAN)
    if as_json:
        document: dict[str, object] = {"file": str(file), "status": status}
        document["problems"] = [_as_dict(problem) for problem in problems]
        if findings is not None:
            document["live"] = [{**each._asdict(), "state": str(each.state)} for each in findings]
        _write(json.dumps(document, ensure_ascii=False, indent=2))
        return status
    for problem in problems:
        _write(f"{problem}\n")
    _print_findings(findings or ())
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    counts = [_count(errors, "error"), _count(len(problems) - errors, "warning")]
    counts += [f"{len(wrong)} of {len(findings)} tries without success"] if findings and wrong else []
    found = ", ".join(count for count in counts if count) or "no problems"
    _write(f"{file}: {found}{_size(reading) if status != ERRORS and reading else ''}")
    return status


def _print_findings(findings: Sequence[Finding]) -> None:
    """Print each that failed, and of those that went well either each or, of many of a kind, how many."""
    counts = Counter(each.what for each in findings if each.state is State.OK)
    for finding in findings:
        if finding.state is not State.OK or counts[finding.what] <= MOST_SHOWN:
            _write(str(finding))
    for what, count in counts.items():
        if count > MOST_SHOWN:
            _write(f"{State.OK}: {what}: {count} more")
    if findings:
        _write("")


def _count(number: int, noun: str) -> str:
    """A number with its noun; empty for zero."""
    more = " or more" if number == ConfigLimits().problems else ""
    return f"{number}{more} {noun}{'s' if number > 1 else ''}" if number else ""


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
    parsed = reading.parsed
    try:
        lines = explain(
            reading.site, parsed.built, reading.tree, parsed.assignments, key,
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
