"""A mon.cf that m4 writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pymon.config.limits import ConfigLimits
from pymon.config.loader import load
from pymon.errors import ConfigError
from tests.config.samples import write
from tests.programs import write_program
from tests.tools import RequireTool

SITE = "hostgroup g h\n\nwatch g\n service s\n  traptimeout 1m\n  description {}\n"


M4_SITE = "define(`TIMES', `interval 5m\n  monitor m.monitor')dnl\nhostgroup g h\n\nwatch g\n service s\n  TIMES\n"


@pytest.mark.net
@pytest.mark.parametrize(("name", "m4"), [("mon.cf", "m4"), ("mon.m4", None), ("mon.cf.m4", None)])
def test_m4(folder: Path, require_tool: RequireTool, name: str, m4: str | None) -> None:
    require_tool("m4", why="mon.cf may be written in it")
    loaded = load(write(folder, M4_SITE, name), m4=m4, overrides={"mondir": str(folder / "mon.d")})
    (service,) = loaded.site.services.values()
    assert (service.interval, loaded.problems) == (300, ())


@pytest.mark.net
def test_m4_lines_are_those_of_its_output(folder: Path, require_tool: RequireTool) -> None:
    require_tool("m4")
    with pytest.raises(ConfigError) as caught:
        load(write(folder, "dnl a\ndnl b\nfoo = 1\n", "x.m4"))
    assert str(caught.value).startswith(f"{folder}/x.m4 (after m4):1:1: error: unknown variable 'foo'")


@pytest.mark.net
def test_m4_failure_is_told_in_its_own_words(folder: Path, require_tool: RequireTool) -> None:
    require_tool("m4")
    with pytest.raises(ConfigError, match="ERROR: end of file in string"):
        load(write(folder, "changequote([,])dnl\n[never closed\n", "x.m4"))


def test_any_filter_serves_as_m4(folder: Path) -> None:
    assert load(write(folder, SITE.format("x")), m4="/bin/cat").site.services


def test_missing_m4(folder: Path) -> None:
    with pytest.raises(ConfigError, match="/no/m4 cannot be run: No such file"):
        load(write(folder, SITE.format("x")), m4="/no/m4")


@pytest.mark.slow
def test_m4_that_hangs_is_ended(folder: Path) -> None:
    slow = folder / "slow"
    write_program(slow, "#!/bin/sh\nsleep 60 & sleep 60\n")
    with pytest.raises(ConfigError, match="did not end within"):
        load(write(folder, SITE.format("x")), m4=str(slow), limits=ConfigLimits(m4_seconds=0.2))
