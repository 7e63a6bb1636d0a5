"""Dependencies: the outcomes that were tried out with mon, nesting, memory, hosts, and who is blamed."""

from __future__ import annotations

import pytest

from pymon.core.arithmetic import value_of
from pymon.core.dependencies import evaluate, hidden_hosts
from pymon.errors import DependencyError
from pymon.model.depend import Binary, DependBehavior, Dependency, Expression, Number, StatusOf, Ternary, Unary
from pymon.model.service import Service
from pymon.model.settings import Settings
from pymon.model.status import OpStatus
from tests.core.build import T0, Site, depend, hosts_of, service

A, M, HM = DependBehavior.ALERTS, DependBehavior.MONITOR, DependBehavior.HOSTS


def outcome(site: Site, of: Service | None = None, behavior: DependBehavior = A, now: float = T0) -> str:
    """``1``, ``0: who is to blame``, or ``error: why``."""
    found = evaluate(of or site.service, behavior, site.context, now)
    assert found is not None
    if found.error:
        assert found.fulfilled
        return f"error: {found.error}"
    return "1" if found.fulfilled else f"0: {found.text}"


def parents(text: str | Dependency, **states: OpStatus) -> Site:
    """A child that depends on what the text says, and parents ``g:…`` with these states."""
    dependency = depend(text) if isinstance(text, str) else text
    site = Site((service(name="ch", depend=dependency), *(service(name=name) for name in states)))
    for name, status in states.items():
        site.set(f"g:{name}", op_status=status)
    return site


FAIL, OK = OpStatus.FAIL, OpStatus.OK

TRIED = [
    ("g:par", 0, 1),
    ("(g:par)", 0, 1),
    ("!g:par", 1, 0),
    ("not g:par", 1, 0),
    ("g:par || 1", 1, 1),
    ("1", 1, 1),
    ("0", 0, 0),
    ("g:par and 0", 0, 0),
    ("g:par == 0", 1, 0),
    ("g:par != 1", 1, 0),
    ("g:par == 1", 0, 1),
    ("g:par + 1 > 1", 0, 1),
    ("g:par ? 0 : 1", 1, 0),
    ("g:nosuch", 0, 0),
    ("zz:par", 0, 0),
    ("not g:par == 0", 0, 1),
    ("g:par - 1", 1, 0),
    ("- g:par", 0, 1),
    ("g:par * 2 >= 2", 0, 1),
    ("g:par / 2 < 1", 1, 1),
    ("5 % 3 == 2 && g:par <= 0", 1, 0),
]


@pytest.mark.parametrize(("text", "failing", "fine"), TRIED)
def test_tried_out(text: str, failing: int, fine: int) -> None:
    """Outcomes of single expressions, with the parent failing and fine."""
    assert outcome(parents(text, par=FAIL))[0] == str(failing)
    assert outcome(parents(text, par=OK))[0] == str(fine)


@pytest.mark.parametrize("first", [FAIL, OK])
@pytest.mark.parametrize("second", [FAIL, OK])
def test_and_or(first: OpStatus, second: OpStatus) -> None:
    """In both spellings."""
    one, two = first is OK, second is OK
    for text, expected in (
        ("g:a && g:b", one and two),
        ("g:a and g:b", one and two),
        ("g:a || g:b", one or two),
        ("g:a or g:b", one or two),
        ("!(g:a && g:b) or g:a == g:b", not (one and two) or one == two),
    ):
        assert outcome(parents(text, a=first, b=second)).startswith("1") is bool(expected)


@pytest.mark.parametrize("status", OpStatus)
def test_which_states_are_fine(status: OpStatus) -> None:
    """An untested parent is; a warning one is not, as in mon."""
    fine = {OpStatus.OK, OpStatus.COLDSTART, OpStatus.WARMSTART, OpStatus.UNKNOWN, OpStatus.UNTESTED}
    assert outcome(parents("g:par", par=status)).startswith("1") is (status in fine)


def test_d3_a_name_that_begins_like_another() -> None:
    """D3: mon replaces the first name inside the second, and overlooks that it fails."""
    site = Site((service(name="ch", depend=depend("g:p && g:p-2")), service(name="p"), service(name="p-2")))
    site.set("g:p", op_status=OK)
    site.set("g:p-2", op_status=FAIL)
    assert outcome(site) == "0: depend g:p && g:p-2: g:p-2 is failing"


def test_d7_a_list_is_no_expression() -> None:
    """D7: an error for alerts and monitors, so it counts as fulfilled (D6)."""
    assert outcome(parents(hosts_of("g:a g:b"), a=FAIL, b=FAIL)) == (
        "error: depend g:a g:b cannot be evaluated and counts as fulfilled: a list of services is not an expression"
    )


def test_none_to_evaluate() -> None:
    """A service without a dependency of the behaviour has no outcome."""
    site = Site((service(depend=depend("0")),))
    assert evaluate(site.service, M, site.context, T0) is None
    assert evaluate(site.service, A, site.context, T0) is not None


class TestKeywords:
    """Which keyword counts for which behaviour."""

    def test_depend_wins_where_its_behaviour_is_the_one(self) -> None:
        """Else the keyword of that behaviour."""
        given = service(depend=depend("0"), alertdepend=depend("1"), monitordepend=depend("1"))
        assert outcome(Site((given,)), behavior=A) == "0: depend 0: never fulfilled"
        assert outcome(Site((given,)), behavior=M) == "1"
        other = service(depend=depend("0"), dep_behavior=M, alertdepend=depend("2 - 2"))
        assert outcome(Site((other,)), behavior=M).startswith("0: depend 0")
        assert outcome(Site((other,)), behavior=A).startswith("0: alertdepend 2 - 2")

    def test_parents_follow_the_same_behaviour(self) -> None:
        """A parent's dependency counts only if it is of the behaviour that is asked for."""
        site = Site(
            (
                service(name="ch", alertdepend=depend("g:par"), monitordepend=depend("g:par")),
                service(name="par", monitordepend=depend("0")),
            )
        )
        assert outcome(site, behavior=A) == "1"
        assert outcome(site, behavior=M) == "0: monitordepend g:par: g:par depends on a service that is failing"


class TestNesting:
    """Dependencies of dependencies."""

    def chain(self, length: int, limit: int = 10) -> Site:
        """s0 depends on s1, which depends on s2 …"""
        links = [service(name=f"s{n}", depend=depend(f"g:s{n + 1}")) for n in range(length)]
        return Site((*links, service(name=f"s{length}")), settings=Settings(dep_recur_limit=limit))

    def test_far_parents_count(self) -> None:
        """A grandparent's failure is the grandchild's."""
        site = self.chain(3)
        site.set("g:s3", op_status=FAIL)
        assert outcome(site) == "0: depend g:s1: g:s1 depends on a service that is failing"
        site.set("g:s3", op_status=OK)
        assert outcome(site) == "1"

    def test_limit_as_tried_out(self) -> None:
        """With a limit of 2 a chain of five fails for the first one only; with 3 for none."""
        short, enough = self.chain(4, limit=2), self.chain(4, limit=3)
        assert [outcome(short, each).split(":")[0] for each in short.services[:4]] == ["error", "1", "1", "1"]
        assert [outcome(enough, each) for each in enough.services[:4]] == ["1"] * 4
        assert outcome(short).endswith("it is nested deeper than dep_recur_limit 2")

    def test_limit_of_what_is_already_known(self) -> None:
        """A service that two paths lead to, one short and one long, counts for the long one as well."""
        site = self.chain(4, limit=3)
        services = (service(name="top", depend=depend("g:s2 && g:s1")), *site.services)
        assert outcome(Site(services, settings=site.settings)) == "1"
        services = (service(name="top", depend=depend("g:s1 && g:s0")), *site.services)
        assert outcome(Site(services, settings=site.settings)).startswith("error")

    @pytest.mark.parametrize("text", ["g:ch", "g:par && 1"])
    def test_cycles_are_too_deep(self, text: str) -> None:
        """A reference to itself, or a ring of two; it counts as fulfilled (D6), where mon holds everything back."""
        site = Site((service(name="ch", depend=depend(text)), service(name="par", depend=depend("g:ch"))))
        assert outcome(site) == (
            f"error: depend {text} cannot be evaluated and counts as fulfilled: "
            "it is nested deeper than dep_recur_limit 10"
        )

    def test_a_limit_beyond_reason(self) -> None:
        """A cycle under a huge limit ends too."""
        site = Site((service(name="ch", depend=depend("g:ch")),), settings=Settings(dep_recur_limit=10**9))
        assert outcome(site).endswith("it is nested too deep")

    def test_many_paths_take_no_longer(self) -> None:
        """Ten layers of eight services, each depending on all of the next layer: a thousand million paths."""
        layers = 10
        services = [
            service(name=f"l{layer}n{n}", depend=depend(" && ".join(f"g:l{layer + 1}n{m}" for m in range(8))))
            for layer in range(layers)
            for n in range(8)
        ]
        last = [service(name=f"l{layers}n{n}") for n in range(8)]
        assert outcome(Site((*services, *last))) == "1"


class TestMemory:
    """dep_memory."""

    def site(self) -> Site:
        site = Site((service(name="ch", depend=depend("g:par")), service(name="par", dep_memory=60.0)))
        site.set("g:par", op_status=OK, outage_ended=T0, outage_summary="h1")
        return site

    def test_d2_the_outage_of_a_parent_is_remembered(self) -> None:
        """D2: in mon dep_memory has no effect. Here it lasts from the parent's recovery, as the manual says."""
        assert outcome(self.site(), now=T0 + 59) == ("0: depend g:par: g:par was failing until 59s ago (dep_memory 1m)")
        assert outcome(self.site(), now=T0 + 60) == "1"

    def test_d2_it_is_the_memory_of_the_parent(self) -> None:
        """D2: not that of the child; and one that never failed is not held in memory."""
        site = Site((service(name="ch", depend=depend("g:par"), dep_memory=60.0), service(name="par")))
        site.set("g:par", op_status=OK, outage_ended=T0)
        assert outcome(site, now=T0 + 1) == "1"
        fresh = Site((service(name="ch", depend=depend("g:par")), service(name="par", dep_memory=1e12)))
        assert outcome(fresh) == "1"

    def test_d2_hosts_are_remembered_too(self) -> None:
        """D2: those of the outage's last summary."""
        site = self.site()
        child = service(name="ch", hostdepend=hosts_of("g:par"))
        assert hidden_hosts(child, ["h1", "h2"], site.context, T0 + 59) == {"h1": site.services[1].key}
        assert hidden_hosts(child, ["h1", "h2"], site.context, T0 + 60) == {}


class TestHosts:
    """hostdepend."""

    def test_d5_whole_words(self) -> None:
        """D5: summary ``h12`` does not hide host ``h1``, as it does in mon."""
        site = Site((service(name="ch", hostdepend=hosts_of("g:a, g:b")), service(name="a"), service(name="b")))
        site.set("g:a", op_status=FAIL, last_summary="h12 h3", last_detail="h4")
        site.set("g:b", op_status=OK, last_summary="h4")
        assert hidden_hosts(site.service, ["h1", "h12", "h3", "h4"], site.context, T0) == {
            "h12": site.services[1].key,
            "h3": site.services[1].key,
        }

    def test_only_plain_failures_count(self) -> None:
        """Status 0, not its kin; as in mon."""
        site = Site((service(name="ch", depend=depend("g:a"), dep_behavior=HM), service(name="a")))
        site.set("g:a", op_status=OpStatus.TIMEOUT, last_summary="h1")
        assert hidden_hosts(site.service, ["h1"], site.context, T0) == {}
        site.set("g:a", op_status=FAIL)
        assert list(hidden_hosts(site.service, ["h1"], site.context, T0)) == ["h1"]

    def test_a_name_that_does_not_exist_turns_it_off(self) -> None:
        """As in mon, for that run."""
        site = Site((service(name="ch", hostdepend=hosts_of("g:a g:nosuch")), service(name="a")))
        site.set("g:a", op_status=FAIL, last_summary="h1")
        assert hidden_hosts(site.service, ["h1"], site.context, T0) == {}


class TestBlame:
    """Reasons for people."""

    def test_all_that_stand_in_the_way(self) -> None:
        """With what is wrong with each."""
        site = parents("g:a && g:b && g:c && zz:d", a=FAIL, b=OK, c=OpStatus.WARN)
        assert outcome(site) == (
            "0: depend g:a && g:b && g:c && zz:d: g:a is failing, g:c is in state warn, there is no zz:d"
        )

    def test_none_stands_in_the_way(self) -> None:
        """An expression can be unfulfilled because its services are fine."""
        assert outcome(parents("!g:a", a=OK)) == "0: depend !g:a: g:a fine"


class TestArithmetic:
    """Perl's rules, where they are not obvious."""

    @pytest.mark.parametrize(
        ("expression", "value"),
        [
            (Binary("%", Number(-7), Number(3)), 2),
            (Binary("%", Number(7), Number(-3)), -2),
            (Binary("/", Number(6), Number(3)), 2),
            (Binary("/", Number(1), Number(2)), 0.5),
            (Binary("%", Binary("/", Number(7), Number(2)), Number(2)), 1),
            (Binary("&&", Number(3), Number(5)), 5),
            (Binary("||", Number(3), Number(5)), 3),
            (Binary("||", Number(0), Number(5)), 5),
            (Unary("!", Number(3)), 0),
            (Unary("+", Number(3)), 3),
            (Unary("-", Unary("!", Number(0))), -1),
            (Ternary(Number(0), Number(1), Number(2)), 2),
            (Binary("<", Number(1), Number(1)), 0),
            (Binary(">=", Number(1), Number(1)), 1),
            (Binary("&&", Number(0), Binary("/", Number(1), Number(0))), 0),
        ],
    )
    def test_values(self, expression: Expression, value: float) -> None:
        """What Perl answers; a division by zero matters only if it is reached."""
        assert value_of(expression, lambda _: True) == value

    @pytest.mark.parametrize(
        ("expression", "message"),
        [
            (Binary("/", Number(1), Number(0)), "a division by zero"),
            (Binary("%", Number(1), Number(0)), "a division by zero"),
            (Binary("/", Number(10**400), Number(3)), "a number too large for /"),
        ],
    )
    def test_where_perl_dies(self, expression: Expression, message: str) -> None:
        """An error that says what is wrong."""
        with pytest.raises(DependencyError, match=message):
            value_of(expression, lambda _: True)

    def test_status_is_a_number(self) -> None:
        """Two fine services make 2."""
        key = service().key
        assert value_of(Binary("+", StatusOf(key), StatusOf(key)), lambda _: True) == 2
