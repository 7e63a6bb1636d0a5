"""What ``pymon check`` says of lvs.alert lines that do not fit together: each alone would pass."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.cli.check import check
from pymon.config.loader import read
from pymon.config.period_coverage import covers_all_times
from pymon.config.periods import parse_period
from pymon.core.context import utc
from pymon.core.period import in_period
from pymon.ipvs.lines import read_line
from tests.config.samples import read_text
from tests.programs import write_program

ROOT = Path(__file__).resolve().parents[2]
T0 = 1672531200.0
"""the first of January 2023"""
REAL = "-P tcp -V 10.0.0.100:80 -R 10.0.0.1:80 -W 100 -F dr"
ALWAYS = "wd {Sun-Sat}"


def site(*services: Iterable[str]) -> str:
    """A mon.cf with a service for each list of lines; a line that begins with ``period`` begins one."""
    text = ["hostgroup g h", "", "watch g"]
    for number, lines in enumerate(services, 1):
        text += [f"    service s{number}", "        interval 1m", "        monitor tcp.monitor -p 80"]
        if not next(iter(lines)).startswith("period"):
            text.append(f"        period {ALWAYS}")
        text += [f"        {'' if line.startswith('period') else '    '}{line}" for line in lines]
    return "\n".join([*text, ""])


def found(folder: Path, *services: Iterable[str]) -> list[tuple[str, int]]:
    """Kinds of problem, with the number of the line in its service (of those that begin with a keyword for alerts)."""
    text = site(*services)
    problems = read_text(folder, text).lvs_problems(read_line, {"lvs.alert"})
    numbers = [number for number, line in enumerate(text.splitlines(), 1) if "alert " in line]
    return [(problem.code, numbers.index(problem.place.line) + 1) for problem in problems]


@pytest.mark.parametrize(
    "lines",
    [
        [f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL}"],
        [f"alert lvs.alert {REAL} -X down", f"upalert lvs.alert {REAL}"],
        [f"alert lvs.alert {REAL} -X down -Q", f"upalert lvs.alert {REAL} -X up"],
        [f"alert exit=1-125 lvs.alert {REAL}", f"upalert lvs.alert {REAL}"],
        ["alert lvs.alert -V 10.0.0.100:80 -R 10.0.0.1", f"upalert lvs.alert {REAL}"],
        ["alert lvs.alert -V 10.0.0.100:http -R 10.0.0.1:http", "upalert lvs.alert -V 10.0.0.100:80 -R 10.0.0.1 -F g"],
        ["alert lvs.alert -V vip:80 -R WWW1.:80", "upalert lvs.alert -V VIP:http -R www1"],
        ["alert lvs.alert -V 10.0.0.100:80 -R 10.0.0.1:8080 -F dr", "upalert lvs.alert -V 10.0.0.100:80 -R 10.0.0.1"],
        [
            "alert lvs.alert -V 10.0.0.100:80 -R 10.0.0.1:8080",
            "upalert lvs.alert -V 10.0.0.100:80 -R 10.0.0.1:8080 -F nat",
        ],
        ["alert lvs.alert -V fwm:0x1 -R 10.0.0.1:80 -P udp", "upalert lvs.alert -V fwm:1 -R 10.0.0.1:http"],
        [
            f"alert lvs.alert {REAL}",
            f"alert lvs.alert {REAL.replace('0.1:80', '0.2:80')}",
            f"upalert lvs.alert {REAL.replace('0.1:80', '0.2:80')}",
            f"upalert lvs.alert {REAL}",
        ],
        [f"alert other.alert {REAL}"],
        ["alert lvs.alert -X dwon -V 10.0.0.100:80 -R 10.0.0.1"],
        ["alert lvs.alert"],
        [f"startupalert lvs.alert {REAL} -X up"],
    ],
    ids=str,
)
def test_lines_that_fit_together_pass(tmp_path: Path, lines: list[str]) -> None:
    assert found(tmp_path, lines) == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"alert lvs.alert {REAL}"], [("lvs-no-return", 1)]),
        ([f"alert lvs.alert {REAL} -X down -Q"], [("lvs-no-return", 1)]),
        ([f"startupalert lvs.alert {REAL} -X down"], [("lvs-no-return", 1)]),
        ([f"alert lvs.alert {REAL}", "upalert mail.alert x"], [("lvs-no-return", 1)]),
        ([f"alert lvs.alert {REAL}", f"startupalert lvs.alert {REAL} -X up"], [("lvs-no-return", 1)]),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL} -V 10.0.0.101:80"], [("lvs-no-return", 1)]),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL} -R 10.0.0.2:80"], [("lvs-no-return", 1)]),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL} -P udp"], [("lvs-no-return", 1)]),
        ([f"alert lvs.alert {REAL} -F nat", f"upalert lvs.alert {REAL} -F nat -R 10.0.0.1:81"], [("lvs-no-return", 1)]),
        (
            [f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL}", f"disablealert lvs.alert -X down {REAL}"],
            [("lvs-no-return", 3)],
        ),
        (
            [f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL}", f"startupalert lvs.alert -Q -X down {REAL}"],
            [("lvs-no-return", 3)],
        ),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL}", f"ackalert lvs.alert -X down {REAL}"], []),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL}", f"disablealert lvs.alert -X up {REAL}"], []),
        (
            [f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL}", "upalertafter 5m"],
            [("lvs-upalertafter", 1)],
        ),
        (
            [
                f"period a: {ALWAYS}",
                f"alert lvs.alert {REAL}",
                f"upalert lvs.alert {REAL}",
                "upalertafter 5m",
                f"period b: {ALWAYS}",
                f"alert lvs.alert {REAL}",
                f"upalert lvs.alert {REAL}",
            ],
            [],
        ),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL} -W 10"], [("lvs-other-return", 1)]),
        ([f"alert lvs.alert {REAL}", "upalert lvs.alert -V 10.0.0.100:80 -R 10.0.0.1"], [("lvs-other-return", 1)]),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL} -F tun"], [("lvs-other-return", 1)]),
        ([f"startupalert lvs.alert {REAL}"], [("lvs-no-direction", 1)]),
        ([f"ackalert lvs.alert {REAL}"], [("lvs-no-direction", 1)]),
        ([f"disablealert lvs.alert {REAL} -Q"], [("lvs-no-direction", 1)]),
        ([f"alert lvs.alert {REAL} -X up", f"upalert lvs.alert {REAL}"], [("lvs-contrary", 1)]),
        ([f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL} -X down"], [("lvs-no-return", 1), ("lvs-contrary", 2)]),
    ],
    ids=str,
)
def test_lines_that_do_not_fit_are_found(tmp_path: Path, lines: list[str], expected: list[tuple[str, int]]) -> None:
    """C-LVS: before the outage."""
    assert found(tmp_path, lines) == expected


PAIR = [f"alert lvs.alert {REAL}", f"upalert lvs.alert {REAL}"]


@pytest.mark.parametrize(
    ("second", "is_shared"),
    [
        (PAIR, True),
        ([line.replace("-R 10.0.0.1:80", "-R 10.0.0.1") for line in PAIR], True),
        ([f"upalert lvs.alert {REAL} -X up"], True),
        ([line.replace("10.0.0.1:80", "10.0.0.2:80") for line in PAIR], False),
        ([line.replace("10.0.0.100:80", "10.0.0.100:443") for line in PAIR], False),
    ],
)
def test_two_services_that_act_upon_one_real_server(tmp_path: Path, second: list[str], is_shared: bool) -> None:
    """C-LVS: the recovery of one puts it back while the other fails."""
    assert (("lvs-shared", 3) in found(tmp_path, PAIR, second)) is is_shared


def test_of_three_services_each_is_told_of_once(tmp_path: Path) -> None:
    assert found(tmp_path, PAIR, PAIR, PAIR) == [("lvs-shared", 3), ("lvs-shared", 5)]


@pytest.mark.parametrize(
    ("periods", "is_whole"),
    [
        ([ALWAYS], True),
        ([""], True),
        (["hr {0-23}"], True),
        (["wd {Mon-Fri}, wd {Sat-Sun}"], True),
        (["wd {Mon-Fri}", "wd {Sat Sun}"], True),
        (["hr {9am-5pm}", "hr {6pm-8am}"], True),
        (["wd {Mon-Fri} hr {9am-5pm}"], False),
        (["wd {Mon-Fri} hr {9am-5pm}", "wd {Mon-Fri} hr {6pm-8am}"], False),
        (["none"], False),
        (["mo {jan-jun}, mo {jul-dec}"], True),
        (["yr {2020-2999}"], False),
    ],
)
def test_periods_that_do_not_cover_all_times(tmp_path: Path, periods: list[str], is_whole: bool) -> None:
    """C-LVS: a recovery outside of them puts nothing back."""
    lines = [line for number, each in enumerate(periods) for line in (f"period p{number}: {each}", *PAIR)]
    expected = [] if is_whole else [("lvs-period", 1 + 2 * number) for number in range(len(periods))]
    assert found(tmp_path, lines) == expected


SCALES = st.sampled_from(
    [
        *("wd {1-7}", "wd {1-3}", "wd {3-7}", "wd {7-2}", "hr {0-23}", "hr {0-11}", "hr {11-23}", "hr {22-3}"),
        *(
            "min {0-29}",
            "min {30-59}",
            "mo {1-6}",
            "mo {6-12}",
            "md {1-15}",
            "md {15-31}",
            "yd {1-200}",
            "yd {200-366}",
        ),
        *("wk {1-3}", "wk {3-6}", "sec {0-30}", "sec {30-59}"),
    ]
)


@given(st.lists(st.lists(SCALES, min_size=1, max_size=3), min_size=1, max_size=4), st.integers(0, 2**32))
def test_what_covers_all_times_holds_at_any(alternatives: list[list[str]], seed: int) -> None:
    spec, random = parse_period(", ".join(" ".join(each) for each in alternatives)), Random(seed)
    held = [in_period(spec, utc(T0 + random.randrange(6 * 365 * 86400))) for _ in range(300)]
    if covers_all_times(spec.alternatives):
        assert all(held)


def test_check_tells_with_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """C-LVS."""
    path = tmp_path / "mon.cf"
    text = site([f"alert lvs.alert {REAL} -X up", f"upalert lvs.alert {REAL}"])
    path.write_text(text, encoding="utf-8")
    assert check(path, as_json=False, explain=None) == 1
    column = text.splitlines()[7].index("-X") + 1
    said = f"{path}:8:{column}: warning: -X up in an alert: it puts the real server in, as written\n"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("name", ["lvs.cf", "demo.cf"])
def test_what_pymon_brings_passes(name: str) -> None:
    assert read(ROOT / "etc" / name).lvs_problems(read_line, {"lvs.alert"}) == ()


def test_another_program_of_that_name_is_not_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tmp_path / "alert.d" / "lvs.alert"
    own.parent.mkdir()
    write_program(own, "#!/bin/sh\n")
    path = tmp_path / "mon.cf"
    path.write_text(f"alertdir = {own.parent}\n\n{site([f'alert lvs.alert {REAL}'])}", encoding="utf-8")
    check(path, as_json=False, explain=None)
    assert "nothing puts" not in capsys.readouterr().out
