"""monshow's command line."""

from __future__ import annotations

import pytest

from pymon.client.monshow.options import FAILURES, LIVE_SECONDS, MonshowOptions, MonshowUsageError, parse, split_detail


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("", MonshowOptions()),
        ("--full", MonshowOptions(full=True)),
        ("-full", MonshowOptions(full=True)),
        ("--FULL --Disabled", MonshowOptions(full=True, disabled=True)),
        ("--showall --auth --login joe", MonshowOptions(showall=True, auth=True, login="joe")),
        ("--rcfile x --server=h --port 1", MonshowOptions(rcfile="x", server="h", port=1)),
        ("--port=2583 --view v --detail g,s", MonshowOptions(port=2583, view="v", detail="g,s")),
        ("--prot 1.2.3", MonshowOptions()),
        ("--watch web", MonshowOptions(watch="web")),
        ("--watch=web --full", MonshowOptions(watch="web", full=True)),
        ("--server -odd-", MonshowOptions(server="-odd-")),
        ("--full --", MonshowOptions(full=True)),
        ("--html --reasons", MonshowOptions(html=True, reasons=True)),
        ("--filter web* --filter db/sql", MonshowOptions(filters=("web*", "db/sql"))),
        ("--state FAIL,timeout --state ok", MonshowOptions(states=("fail", "timeout", "ok"))),
        ("--failures", MonshowOptions(states=FAILURES)),
        ("--socket /s --tls --ca a --cert=b --key c", MonshowOptions(socket="/s", tls=True, ca="a", cert="b", key="c")),
    ],
)
def test_words_are_read(words: str, options: MonshowOptions) -> None:
    assert parse(words.split()) == options


@pytest.mark.parametrize(
    ("words", "seconds", "watch"),
    [
        ("--watch", LIVE_SECONDS, None),
        ("--watch --full", LIVE_SECONDS, None),
        ("--watch web --live", LIVE_SECONDS, "web"),
        ("--watch=web --watch", LIVE_SECONDS, "web"),
        ("--live", LIVE_SECONDS, None),
        ("--live 5", 5.0, None),
        ("--live=0.5", 0.5, None),
        ("--live --full", LIVE_SECONDS, None),
        ("--watch web", None, "web"),
    ],
)
def test_watch_without_a_group_is_live(words: str, seconds: float | None, watch: str | None) -> None:
    """W-watch: ``--watch GROUP`` restricts, as mon's; without a group it is the live table, as ``--live``."""
    options = parse(words.split())
    assert (options.live, options.watch) == (seconds, watch)


@pytest.mark.parametrize(
    ("short", "words"),
    [
        ("--fu", "--full"),
        ("--f", "--full"),
        ("--d g,s --det g,s", None),
        ("--a", "--auth"),
        ("--r x", "--rcfile x"),
        ("--l joe", "--login joe"),
        ("--sh", "--showall"),
        ("--se h", "--server h"),
        ("--v x", "--view x"),
        ("--w g", "--watch g"),
        ("--di", "--disabled"),
        ("--po 1", "--port 1"),
        ("--li", "--live"),
        ("--fa", "--failures"),
        ("--ht", "--html"),
        ("--st ok", "--state ok"),
        ("--so /s", "--socket /s"),
        ("--t --k x", "--tls --key x"),
    ],
)
def test_names_may_be_shortened_as_mon_s(short: str, words: str | None) -> None:
    """W-prefix: mon's options are found first, so that no shortened one means something else."""
    if words is None:
        with pytest.raises(MonshowUsageError, match=r"Option d is ambiguous \(detail, disabled\)"):
            parse(short.split())
    else:
        assert parse(short.split()) == parse(words.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--help", ""),
        ("-h", ""),
        ("foo", "No non-switch args expected"),
        ("-- foo", "No non-switch args expected"),
        ("-", "No non-switch args expected"),
        ("--bogus", "Unknown option: bogus"),
        ("--old", "Unknown option: old"),
        ("--nofull", "Unknown option: nofull"),
        ("--s x", "Option s is ambiguous (server, showall)"),
        ("--c x", "Option c is ambiguous (ca, cert)"),
        ("--full=1", "Option full does not take an argument"),
        ("--full=", "Option full does not take an argument"),
        ("--port", "Option port requires an argument"),
        ("--port=", "Option port requires an argument"),
        ("--port x", 'Value "x" invalid for option port (number expected)'),
        ("--port 1.5", 'Value "1.5" invalid for option port (number expected)'),
        ("--port 0", 'Value "0" invalid for option port (1 to 65535 expected)'),
        ("--port 65536", 'Value "65536" invalid for option port (1 to 65535 expected)'),
        ("--prot x", 'Value "x" invalid for option prot (1.2.3 format expected)'),
        ("--view", "Option view requires an argument"),
        ("--live=x", 'Value "x" invalid for option live (0.2 to 86400 seconds)'),
        ("--live=nan", 'Value "nan" invalid for option live (0.2 to 86400 seconds)'),
        ("--live 0", 'Value "0" invalid for option live (0.2 to 86400 seconds)'),
        ("--state=", "Option state requires an argument"),
        ("--=x", "Unknown option: "),
    ],
)
def test_what_is_wrong_is_said(words: str, message: str) -> None:
    with pytest.raises(MonshowUsageError) as caught:
        parse(words.split())
    assert str(caught.value) == message


def test_unknown_states_are_named_with_the_known_ones() -> None:
    with pytest.raises(MonshowUsageError, match=r'Value "broken" invalid for option state \(known are fail, ok, '):
        parse(["--state", "fail,broken"])


def test_detail_splits_at_the_first_comma() -> None:
    assert split_detail("g,s,x") == ("g", "s,x")
    assert split_detail("g") == ("g", "")
