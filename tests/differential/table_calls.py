"""Scenarios: how plugins are called and what becomes of their output."""

from __future__ import annotations

from tests.differential.scenario import Part, Scenario, alone
from tests.differential.script import fail, ok
from tests.differential.table_events import ALWAYS, DOWN_UP

LONG = b"long\n" + b"".join(b"%06d line of a long output\n" % number for number in range(1800))

SCENARIOS: tuple[Scenario, ...] = (
    alone(
        "words",
        "arguments are split like shell words, without expansions",
        Part(
            [fail("s1")],
            ALWAYS + r"""alert rec.alert 'a b' "c d" e\ f g"h i"j "" $HOME * ~ 'k\l' "m\"n" 'o"p'""",
            [r"""failure a b c d e f gh ij  $HOME * ~ k\l m"n o"p < s1"""],
            monitor=r"""script.monitor -u '/a b' "" x\ y q"r s"t $HOME * 'k\l' "m\"n" """,
            arguments=["-u", "/a b", "", "x y", "qr st", "$HOME", "*", r"k\l", 'm"n', "h1", "h2"],
        ),
    ),
    alone(
        "words-shell",
        "what a shell would act on is an argument",
        Part(
            [fail("s1")],
            ALWAYS + "alert rec.alert ; | & > < ( ) `id` $(id) # x",
            ["failure ; | & > < ( ) `id` $(id) # x < s1"],
            monitor="script.monitor | & > < ( ) `id` $(id) # x ;",
            arguments=["|", "&", ">", "<", "(", ")", "`id`", "$(id)", "#", "x", ";", "h1", "h2"],
        ),
    ),
    alone(
        "words-hangul",
        "UTF-8 in arguments, descriptions and variables passes through",
        Part(
            [fail("s1")],
            ALWAYS + 'alert rec.alert "웹 서버 다운" 가나다',
            ["failure 웹 서버 다운 가나다 < s1"],
            lines="description 첫째 웹 서버\nSITE=서울",
            monitor="script.monitor -n 이름",
            arguments=["-n", "이름", "h1", "h2"],
        ),
    ),
    alone(
        "words-continued",
        "a continued line is one line, and a comment inside it is passed over",
        Part(
            [fail("s1"), ok()],
            ALWAYS
            + """
              alert rec.alert -P tcp -V 211.238.41.170:80 \\
                    -R 211.238.41.165:80 \\
                # in between
                    -W 100 -F dr -X down
              upalert rec.alert -P tcp -V 211.238.41.170:80 -R 211.238.41.165:80 \\
                    -W 100 -F dr
            """,
            [
                "failure -P tcp -V 211.238.41.170:80 -R 211.238.41.165:80 -W 100 -F dr -X down < s1",
                "up -P tcp -V 211.238.41.170:80 -R 211.238.41.165:80 -W 100 -F dr < s1",
            ],
        ),
    ),
    alone(
        "no-arguments", "an alert without arguments", Part([fail("s1")], ALWAYS + "alert rec.alert", ["failure < s1"])
    ),
    alone(
        "description",
        "MON_DESCRIPTION keeps its inner blanks",
        Part([fail("s1"), ok()], DOWN_UP, ["failure a < s1", "up u < s1"], lines="description  the  web   server  "),
    ),
    alone(
        "variables",
        "NAME=value reaches monitors and alerts, literally; a later line wins",
        Part(
            [fail("s1"), ok()],
            "period wd {Sun-Sat}\n  alert rec.alert a\nAFTER=behind a period\n  upalert rec.alert u",
            ["failure a < s1", "up u < s1"],
            lines="""
            PLAIN=value
            BLANKS=  kept in front
            QUOTES="not 'removed"
            EMPTY=
            EQUALS=a=b=c
            DOLLAR=$HOME
            TWICE=one
            TWICE=two
            """,
        ),
    ),
    alone(
        "variables-mon",
        "mon's own variables win over the service's",
        Part(
            [fail("s1")],
            DOWN_UP,
            ["failure a < s1"],
            lines="MON_RETVAL=99\nMON_LAST_FAILURE=1\nMON_OPSTATUS=5\nMON_ACK=forged",
        ),
    ),
    alone(
        "output-lines",
        "summary and detail",
        Part(
            [
                fail("s1\nd1\n\nd2"),
                fail(b"s2\n\n\n"),
                fail(b"s3 no line end"),
                fail(b"s4\nd4 no line end"),
                ok("fine\nd5"),
            ],
            DOWN_UP,
            ["failure a < s1", "failure a < s2", "failure a < s3 no line end", "failure a < s4", "up u < s4"],
        ),
    ),
    alone(
        "output-none",
        "no output at all, and blank ones, have no summary",
        Part(
            [fail(b""), fail(b"\n"), fail(b"   \n"), fail(b"\n\ndetail only\n"), fail(b"\t\r\n"), ok()],
            DOWN_UP,
            ["failure a", "failure a", "failure a <    ", "failure a", "failure a < \t\r", "up u < \t\r"],
        ),
    ),
    alone(
        "output-success",
        "what a success printed is remembered, and what a blank one did not print too",
        Part(
            [ok("fine"), fail("s2"), ok(b""), fail("s4"), ok(b"  \n"), fail("s6"), ok(b"\n"), fail("s8")],
            DOWN_UP,
            [
                "failure a < s2",
                "up u < s2",
                "failure a < s4",
                "up u < s4",
                "failure a < s6",
                "up u < s6",
                "failure a < s8",
            ],
        ),
    ),
    alone(
        "output-blanks",
        "leading and trailing blanks, tabs and carriage returns stay",
        Part([fail(b"  s1 \t\r\n\td1\r\n"), ok()], DOWN_UP, ["failure a <   s1 \t\r", "up u <   s1 \t\r"]),
    ),
    alone(
        "output-odd",
        "percent signs, quotes, backslashes and what a shell would expand",
        Part(
            [fail("%s %n %d 100%% \\n \\\\ \"q\" 'q' `id` $(id) $HOME ; | & *\n%x")],
            DOWN_UP,
            ["failure a < %s %n %d 100%% \\n \\\\ \"q\" 'q' `id` $(id) $HOME ; | & *"],
        ),
    ),
    alone(
        "output-control",
        "control characters",
        Part([fail(b"\x01\x1b[31mred\x7f\n\x08\x0c\n")], DOWN_UP, ["failure a < \x01\x1b[31mred\x7f"]),
    ),
    alone(
        "output-hangul",
        "UTF-8",
        Part(
            [fail("서버 다운 ₩\n자세히: 연결 거부"), ok("정상")],
            DOWN_UP,
            ["failure a < 서버 다운 ₩", "up u < 서버 다운 ₩"],
        ),
    ),
    alone(
        "output-bytes",
        "bytes that are not UTF-8",
        Part(
            [fail(b"\xb0\xa1\xb3\xaa \xff\xfe\n\xc3\x28\n"), ok()],
            DOWN_UP,
            [r"failure a < \xb0\xa1\xb3\xaa \xff\xfe", r"up u < \xb0\xa1\xb3\xaa \xff\xfe"],
        ),
    ),
    alone(
        "output-long-line",
        "a long summary",
        Part([fail("x" * 9000), ok()], DOWN_UP, ["failure a < " + "x" * 9000, "up u < " + "x" * 9000]),
    ),
    alone(
        "output-long",
        "a long output",
        Part([fail(LONG), fail("s2"), ok()], DOWN_UP, ["failure a < long", "failure a < s2", "up u < s2"]),
    ),
    alone(
        "output-errors",
        "standard error is part of the output",
        Part(
            [fail("s1", errors=b"e1\n"), fail(b"", errors=b"e2\nmore\n"), ok()],
            DOWN_UP,
            ["failure a < s1", "failure a < e2", "up u < e2"],
        ),
    ),
    alone(
        "output-nothing-shared",
        "two services of one watch know nothing of each other",
        Part([fail("s1"), ok()], DOWN_UP, ["failure a < s1", "up u < s1"]),
    ),
)
