"""What is legal and yet regretted is told; what is fine is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.config.loader import load
from pymon.model.variables import MonVariable
from tests.config.samples import problems_of

ROOT = Path(__file__).resolve().parents[2]
HEAD = "hostgroup g h\n\nwatch g\n"


@pytest.mark.parametrize("name", ["lvs.cf", "demo.cf", "mon.cf.example"])
def test_own_configurations_are_clean(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mail.alert and the like come with pymon, nothing is missing either."""
    loaded = load(ROOT / "etc" / name, overrides={"mondir": (), "alertdir": ()})
    assert loaded.problems == ()
    assert loaded.site.services


def test_the_directors_site() -> None:
    """The site of a classic director."""
    site = load(ROOT / "etc/lvs.cf").site
    assert (site.settings.maxprocs, site.settings.histlength, site.settings.randstart) == (20, 100, 30)
    assert site.settings.dtlogging
    assert site.settings.authtype == ("userfile",)
    for group, host, real in (("HTTP-server1", "www1", "165"), ("HTTP-server2", "www2", "166")):
        ping, http = site.watches[group].services
        assert [each.name for each in site.hosts(group)] == [host]
        assert (ping.interval, http.interval, http.depend) == (5, 3, None)
        assert (ping.periods[0].alertevery, ping.periods[0].alertafter_count, ping.periods[0].alertafter_time) == (
            600, 2, 1800,
        )  # fmt: skip
        lvs = [alert.command.arguments for alert in http.periods[0].alerts if alert.command.name == "lvs.alert"]
        words = ("-P", "tcp", "-V", "211.238.41.170:80", "-R", f"211.238.41.{real}:80", "-W", "100", "-F", "dr")
        assert lvs == [(*words, "-X", "down"), words]


def codes(folder: Path, text: str) -> list[tuple[int, str]]:
    return [(problem.place.line, problem.code) for problem in problems_of(folder, text)]


def test_blank_list_is_fine_for_host_dependencies(folder: Path) -> None:
    """D6, D7: elsewhere it is told, and taken as fulfilled (the expression is None)."""
    text = HEAD + " service s\n  traptimeout 1m\n service t\n  traptimeout 1m\n  dep_behavior {}\n  depend g:s g:s\n"
    assert codes(folder, text.format("hm")) == []
    assert codes(folder, text.format("a")) == [(9, "malformed-dependency")]


@pytest.mark.parametrize("name", MonVariable)
def test_a_variable_that_the_daemon_sets_itself_is_mentioned(folder: Path, name: MonVariable) -> None:
    text = f"hostgroup g h1\n\nwatch g\n service s\n  interval 1m\n  monitor x.monitor\n  {name}=x\n  MON_OTHER=x\n"
    assert [found for found in codes(folder, text) if found[1] == "overridden-environment"] == [
        (7, "overridden-environment")
    ]


def test_behaviour_after_the_dependency_counts_too(folder: Path) -> None:
    text = HEAD + " service s\n  traptimeout 1m\n service t\n  traptimeout 1m\n  depend g:s g:s\n  dep_behavior hm\n"
    assert codes(folder, text) == []


def test_each_circle_is_told_once(folder: Path) -> None:
    services = "".join(
        f" service {a}\n  traptimeout 1m\n  depend SELF:{b}\n" for a, b in ("ab", "bc", "ca", "da", "ee")
    )
    assert codes(folder, HEAD + services) == [(6, "dependency-cycle"), (18, "dependency-cycle")]


def test_circles_need_one_kind(folder: Path) -> None:
    services = " service a\n  traptimeout 1m\n  depend SELF:b\n service b\n  traptimeout 1m\n  monitordepend SELF:a\n"
    assert codes(folder, HEAD + services) == []


def test_ignored_lines_that_follow_one_another_are_one_problem(folder: Path) -> None:
    text = HEAD + " service s\n  traptimeout 1m\n\n service t\n  interval 5m\n  monitor m.monitor\n"
    (problem,) = problems_of(folder, text)
    assert (problem.place.line, problem.code) == (7, "ignored-line")
    assert problem.message.endswith("and so are the 2 after it")
    assert "an empty line ends a watch" in problem.advice


def test_misspelt_names_are_guessed(folder: Path) -> None:
    text = (
        "hostgroup webservers h\n\nhostgroup mail h\n\nwatch webserver\n service htpp\n  traptimeout 1m\n\n"
        "watch mail\n service smtp\n  traptimeout 1m\n  depend mail:smpt && webserver:http\n"
    )
    advice = {problem.code: problem.advice for problem in problems_of(folder, text)}
    assert advice["unwatched-hostgroup"] == "did you mean 'webserver'?"
    assert advice["no-hostgroup"] == "it is given one host, 'webserver'; did you mean 'webservers'?"
    assert advice["unknown-dependency"] in ("did you mean 'mail:smtp'?", "did you mean 'webserver:htpp'?")


def test_many_unknown_names_do_not_take_long(folder: Path) -> None:
    services = "".join(f" service s{n}\n  traptimeout 1m\n  depend x{n}:y{n}\n" for n in range(2000))
    found = codes(folder, HEAD + services)
    assert len(found) == 1000


@pytest.mark.slow
def test_a_file_of_noise_has_a_bounded_number_of_problems(folder: Path) -> None:
    """C-LIMITS: mon stops at the first problem."""
    assert len(problems_of(folder, "x = 1\n" * 50000)) == 1000
