"""Verdicts of plugins become problems of the file: each at its word, each line told of, each program once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.config.check_arguments import ArgumentLines
from pymon.config.loader import Loaded, load
from pymon.installed import ALERTS, MONITORS
from pymon.model.argument import ArgumentProblem, ArgumentTrial, Fault, Verdicts
from pymon.model.problem import Severity
from pymon.model.site import Site
from tests.config.samples import read_text

TEXT = """hostgroup g www1 www2 !www3

watch g
 service s
  interval 1m
  monitor m.monitor -a 'b c' d ;;
  redistribute test.alert -r
  period
   alert a.alert x
   alert exit=1-2 a.alert x
"""
MONITOR = ArgumentTrial(MONITORS, "m.monitor", ("-a", "b c", "d"))
ALERT = ArgumentTrial(ALERTS, "a.alert", ("x",))
REDISTRIBUTE = ArgumentTrial(ALERTS, "test.alert", ("-r",))


def lines_of(folder: Path, text: str = TEXT) -> ArgumentLines:
    return read_text(folder, text).arguments()


def test_equal_lines_are_one_trial_and_each_program_is_named_once(folder: Path) -> None:
    lines = lines_of(folder)
    assert lines.trials == (MONITOR, REDISTRIBUTE, ALERT)
    assert lines.programs == ((MONITORS, "m.monitor"), (ALERTS, "test.alert"), (ALERTS, "a.alert"))


@pytest.mark.parametrize(
    ("group", "more", "hosts"),
    [
        ("www1 www2", "", ("www1", "www2")),
        ("www1 *www2", "", ("www1",)),
        ("www1 www2", "exclude_hosts www1", ("www2",)),
        ("www1 www2", "exclude_hosts www1 www2", ("www1", "www2")),
        ("*www1", "", ("www1",)),
        ("*www1", "allow_empty_group", ()),
    ],
)
def test_monitor_is_tried_with_the_hosts_that_it_would_get(
    folder: Path, group: str, more: str, hosts: tuple[str, ...]
) -> None:
    """All of them where none is left: the arguments are wrong or right all the same."""
    text = f"hostgroup g {group}\n\nwatch g\n service s\n  interval 1m\n  monitor m.monitor -a\n  {more}\n"
    (trial,) = lines_of(folder, text).trials
    assert trial == ArgumentTrial(MONITORS, "m.monitor", ("-a", *hosts), hosts=len(hosts))


@pytest.mark.parametrize(
    ("trial", "word", "places"),
    [
        (MONITOR, None, [(6, 11)]),
        (MONITOR, 0, [(6, 21)]),
        (MONITOR, 1, [(6, 24)]),
        (MONITOR, 2, [(6, 30)]),
        (MONITOR, 9, [(6, 11)]),
        (REDISTRIBUTE, 0, [(7, 27)]),
        (ALERT, None, [(9, 10), (10, 19)]),
        (ALERT, 0, [(9, 18), (10, 27)]),
    ],
)
def test_problem_stands_at_its_word_in_every_line(
    folder: Path, trial: ArgumentTrial, word: int | None, places: list[tuple[int, int]]
) -> None:
    """At the program's name where the word is none of the line's."""
    verdicts = Verdicts({trial: (ArgumentProblem("no", word, advice="say yes"),)})
    problems = lines_of(folder).problems(verdicts)
    assert [(each.place.line, each.place.column) for each in problems] == places
    assert {(each.code, each.advice) for each in problems} == {("refused-argument", "say yes")}


@pytest.mark.parametrize(
    ("fault", "code", "severity"),
    [
        (Fault.REFUSED, "refused-argument", Severity.WARNING),
        (Fault.IGNORED, "ignored-option", Severity.WARNING),
        (Fault.FILE, "unusable-file", Severity.WARNING),
        (Fault.DANGER, "dangerous-argument", Severity.ERROR),
    ],
)
def test_fault_has_its_code(folder: Path, fault: Fault, code: str, severity: Severity) -> None:
    (problem,) = lines_of(folder).problems(Verdicts({MONITOR: (ArgumentProblem("no", 0, fault),)}))
    assert (problem.code, problem.severity) == (code, severity)


def test_plugin_that_cannot_be_loaded_is_told_once(folder: Path) -> None:
    verdicts = Verdicts(broken={(MONITORS, "m.monitor"): "SyntaxError", (ALERTS, "a.alert"): "no class"})
    text = f"{TEXT}   alert a.alert other\n"
    problems = lines_of(folder, text).problems(verdicts)
    assert [(each.code, each.place.line) for each in problems] == [("broken-plugin", 6), ("broken-plugin", 9)]
    assert "monitor m.monitor cannot be loaded: SyntaxError" in problems[0].message
    assert "alert a.alert cannot be loaded: no class" in problems[1].message


def test_an_obstacle_is_told_where_there_is_something_to_try(folder: Path) -> None:
    verdicts = Verdicts(obstacle="no room")
    (problem,) = lines_of(folder).problems(verdicts)
    assert (problem.code, problem.place.line) == ("untried", 0)
    assert "no room" in problem.message
    assert lines_of(folder, "hostgroup g www1\n").problems(verdicts) == ()


def test_a_running_daemon_takes_them_for_warnings(folder: Path) -> None:
    """C-DANGER keeps nobody's file from being taken over by a reload."""
    verdicts = Verdicts({MONITOR: (ArgumentProblem("no", 0, Fault.DANGER),)})
    (folder / "mon.cf").write_text(f"mondir = {folder}/mon.d\nalertdir = {folder}/alert.d\n{TEXT}")
    (problem,) = load(folder / "mon.cf").argument_problems(verdicts)
    assert (problem.code, problem.severity) == ("dangerous-argument", Severity.WARNING)
    assert Loaded(Site(), ()).argument_problems(verdicts) == ()
