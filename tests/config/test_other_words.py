"""C-WORDS: an obsolete or foreign word is answered with the one that means the same, never with its opposite."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.config.keywords import FIRST_WORDS, VARIABLES
from pymon.config.other_words import OTHER_MODES, OTHER_VARIABLES, OTHER_WORDS
from pymon.config.problems import PROBLEM_KINDS
from tests.config.samples import problems_of

PERIOD = "hostgroup g h\n\nwatch g\n service s\n  interval 1m\n  monitor m.monitor\n  period wd {Sun-Sat}\n"


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("comp_alerts", "it is the default: drop the line"),
        ("alertevery 1h no_summary", "observe_detail"),
        ("alertevery 1h NO_SUMMARY", "observe_detail"),
        ("alertevery 1h ignore_detail", "it is the default: leave it out"),
        ("alertevery 1h observe_summary", "it is the default: leave it out"),
        ("alerts_do_count", "drop the line"),
        ("downalert m.alert", "the word for this is alert"),
        ("Comp_Alerts", "it is the default"),
        ("maxalerts 3", "numalerts"),
        ("max-alert 3", "numalerts"),
        ("comp_alert", "it is the default"),
        ("noalerts", "leave the alert line out"),
        ("no_up_alerts", "leave the upalert line out"),
        ("trapalert m.alert", "the word for this is alert"),
        ("recovery_alert m.alert", "the word for this is upalert"),
        ("disabled", "moncmd disable service"),
        ("enabled", "drop the line"),
    ],
)
def test_words_of_a_period(folder: Path, line: str, advice: str) -> None:
    (problem,) = [each for each in problems_of(folder, f"{PERIOD}    {line}\n") if each.severity == "error"]
    assert advice in problem.advice
    assert "did you mean" not in problem.advice


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("snmpport = 161", "no SNMP"),
        ("no_dtlogging = 1", "dtlogging = no"),
        ("server_ip = ::1", "serverbind"),
        ("trapaddr = ::1", "trapbind"),
        ("HistMax = 5", "histlength"),
        ("auth = pam", "authtype"),
    ],
)
def test_variables(folder: Path, line: str, advice: str) -> None:
    (problem,) = [each for each in problems_of(folder, f"{line}\n{PERIOD}") if each.severity == "error"]
    assert advice in problem.advice


def test_a_word_that_stands_outside_is_answered_too(folder: Path) -> None:
    problems = problems_of(folder, f"{PERIOD}\n comp_alerts\n")
    assert any("it is the default" in problem.advice for problem in problems)


@pytest.mark.parametrize("word", sorted({*OTHER_WORDS, *OTHER_VARIABLES, *OTHER_MODES}))
def test_no_such_word_is_a_keyword(word: str) -> None:
    assert word not in FIRST_WORDS or word in OTHER_MODES
    assert word not in VARIABLES
    assert PROBLEM_KINDS["unknown-keyword"]
