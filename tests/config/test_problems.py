"""Every sample of the table of malformed configurations gives its message at its mark, and mon agrees on the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.config.auth import parse_auth
from pymon.config.problems import PROBLEM_KINDS
from pymon.model.problem import Problem, Severity
from tests.config.peer import Peer
from tests.config.samples import Sample, problems_of, samples

SAMPLES = samples()
CONFIG_SAMPLES = [sample for sample in SAMPLES if not sample.kind.code.startswith("auth-")]
ZERO = "hostgroup g h\n\nwatch g\n service s\n  interval 0.0s\n"
WITHOUT_SAMPLES = {
    *("unreadable", "too-large", "no-services", "auth-unreadable", "m4", "encoding", "comment-encoding"),
    "unreadable-directory",
    "no-pam",  # config/test_auth.py
    # config/test_check_lvs.py
    *(
        "lvs-no-direction",
        "lvs-contrary",
        "lvs-no-return",
        "lvs-other-return",
        "lvs-period",
        "lvs-upalertafter",
        "lvs-shared",
    ),
    # what plugins say of their arguments: config/test_arguments.py
    *("refused-argument", "ignored-option", "unusable-file", "dangerous-argument", "broken-plugin", "untried"),
}


def found(folder: Path, sample: Sample) -> tuple[Problem, ...]:
    if sample.kind.code.startswith("auth-"):
        return parse_auth(sample.text)[1]
    return problems_of(folder, sample.text)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_sample_gives_its_problem_at_its_mark(folder: Path, sample: Sample) -> None:
    problems = [problem for problem in found(folder, sample) if problem.code == sample.kind.code]
    assert [(problem.place.line, problem.place.column) for problem in problems] == [(sample.line, sample.column)]
    problem = problems[0]
    assert problem.severity is sample.kind.severity
    line = sample.text.removeprefix("\ufeff").removesuffix("\n").split("\n")[sample.line - 1]
    if problem.code.startswith("auth-") and problem.source.endswith("…"):  # what follows may be a secret
        line = f"{line[: len(problem.source) - 1]}…"
    assert problem.source == line


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_sample_has_no_other_error(folder: Path, sample: Sample) -> None:
    errors = {problem.code for problem in found(folder, sample) if problem.severity is Severity.ERROR}
    assert errors == ({sample.kind.code} if sample.kind.severity is Severity.ERROR else set())


@pytest.mark.parametrize("code", sorted(PROBLEM_KINDS.keys() - WITHOUT_SAMPLES))
def test_every_kind_has_samples(code: str) -> None:
    assert PROBLEM_KINDS[code].samples


def test_zero_with_a_fraction_is_zero(folder: Path) -> None:
    """C-ZERO."""
    assert [problem.code for problem in problems_of(folder, ZERO)] == ["time"]


@pytest.mark.slow
@pytest.mark.peer
def test_mon_takes_zero_with_a_fraction(peer: Peer) -> None:
    """C-ZERO: there it means to check at every turn of the loop."""
    assert peer.error_line(ZERO) is None


@pytest.mark.peer
@pytest.mark.parametrize("sample", [each for each in CONFIG_SAMPLES if not each.kind.differs], ids=str)
def test_mon_rejects_errors_at_the_same_line_and_accepts_warnings(peer: Peer, sample: Sample) -> None:
    line = peer.error_line(sample.text)
    if sample.kind.severity is Severity.WARNING:
        assert line is None
    elif sample.kind.code == "unack-summary":
        assert line == 0, "mon names no line for this one"
    else:
        assert line == sample.line


@pytest.mark.peer
@pytest.mark.parametrize("sample", [each for each in CONFIG_SAMPLES if each.kind.differs], ids=str)
def test_where_pymon_differs_it_is_really_so(peer: Peer, sample: Sample) -> None:
    rejects = peer.error_line(sample.text) is not None
    assert rejects is (sample.kind.severity is Severity.WARNING)
