"""A day of a site of 200 services: checks, outages, repeats, traps, and another mon.cf at noon."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.engine.virtual.conftest import MakeSite

pytestmark = pytest.mark.virtual_time

GROUPS = 20
INTERVALS = ("30m", "1h", "90m", "20m", "2h", "1h", "3h", "40m")
"""of the first eight services of each group; the other two get traps"""


def text(alertevery: str, groups: int = GROUPS) -> str:
    """mon.cf of so many groups, each of ten services."""
    lines = [f"hostgroup g{group} h{group}a h{group}b\n" for group in range(groups)]
    for group in range(groups):
        lines.append(f"watch g{group}")
        for number in range(10):
            lines.append(f"    service s{number}")
            if number < len(INTERVALS):
                lines += [f"        interval {INTERVALS[number]}", "        monitor x.monitor"]
            else:
                lines.append("        traptimeout 2h")
            lines += [
                "        period wd {Sun-Sat}",
                f"            alert tell.alert g{group}",
                f"            upalert tell.alert g{group}",
                f"            alertevery {alertevery}",
            ]
        lines.append("")
    return "\n".join(lines)


@pytest.mark.slow
async def test_a_day_of_two_hundred_services(site: MakeSite) -> None:
    day = site(text("3h"))
    for group in range(GROUPS):
        for half_hour in range(48):
            when = f"{half_hour // 2}:{30 * (half_hour % 2)}"
            day.trap(when, f"g{group}/s8")
            if group != 7 or half_hour < 16:  # the last one of one service comes at 07:30
                day.trap(when, f"g{group}/s9")
    for group in range(5):
        day.down(f"g{group}/s0", "8:00", "20:00")
    day.reload("12:00", text("6h"))
    await day.run("24:00")
    kinds = Counter(line.split()[1] for line in day.alerts)
    outage = [line.split()[0] for line in day.alerts if " g0/s0:" in line]
    assert kinds == {"failure": 5 * 3, "up": 5, "traptimeout": 3}
    assert outage == ["08:00:09", "11:00:09", "17:00:09", "20:00:09"]
    assert len(day.checks) == pytest.approx(GROUPS * (48 + 24 + 16 + 72 + 12 + 24 + 8 + 36), rel=0.01)
    assert [line for line in await day.record("g1/s0") if "ok after" in line] == [
        "20:01:39 ok after 12h of failure: fine"
    ]
