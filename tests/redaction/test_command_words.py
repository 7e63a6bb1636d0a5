"""What is shown of argument lines that hold secrets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pymon.redaction import MASK
from pymon.redaction.command_words import cut_before_secret, mask_echoed, mask_secrets, mask_value
from tests.growth import check_growth_is_linear, seconds_of

MASKED = [
    ("--password s3cret --user bob", "--password *** --user bob"),
    ("--password=s3cret -x", "--password=*** -x"),
    ("-password s3cret", "-password ***"),
    ("--smtp-passwd 12345", "--smtp-passwd ***"),
    ("--token $TOKEN x", "--token *** x"),
    ("--pass %s.x", "--pass ***"),
    ("--pass 'my long secret' a", "--pass '***' a"),
    ('--pass "my \\" secret" a', '--pass "***" a'),
    ("-community public", "-community ***"),
    ("--api-key 99 b", "--api-key *** b"),
    ("-pgeheim host", "-p*** host"),
    ("-P geheim host", "-P *** host"),
    ("-p hunter2", "-p ***"),
    ("-phunter2", "-p***"),
    ('-p "quoted pw"', '-p "***"'),
    ("-u bob:geheim http://x/", "-u bob:*** http://x/"),
    ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
    ("api_key=zzz", "api_key=***"),
    ("'password: zzz y'", "'password: ***'"),
    ("https://user:pw@host/path", "https://user:***@host/path"),
    ("https://h/path?token=abc&x=1", "https://h/path?token=***&x=1"),
    ("https://h/path?x=1&api_key=abc#f", "https://h/path?x=1&api_key=***#f"),
    ("--header 'Authorization: Bearer abcdef'", "--header 'Authorization: Bearer ***'"),
    ("-H 'X-Auth-Token: abcdef'", "-H 'X-Auth-Token: ***'"),
    (
        "https://hooks.slack.com/services/T0001/B0001/XXXXXXXXXXXXXXX1XXXXXXXX",
        "https://hooks.slack.com/services/T0001/B0001/***",
    ),
    ("https://discord.com/api/webhooks/1234/abcdefghijklmnop1234567890_-", "https://discord.com/api/webhooks/1234/***"),
    (
        "https://api.telegram.org/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage",
        "https://api.telegram.org/***/sendMessage",
    ),
    ("xoxb-12345-67890", "***"),
    ("ghp_abcdefghijklmnop1234", "***"),
    ("-r 'token=abc def'", "-r 'token=***'"),
    ("trap.alert -U bob -P 123456 h:2583", "trap.alert -U bob -P *** h:2583"),
    ("alert exit=1-2 trap.alert -P=tcp h", "alert exit=1-2 trap.alert -P*** h"),
    ("-psecret h", "-p*** h"),
    ("-Ptoken1", "-P***"),
    ("--user=bob:geheim x", "--user=bob:*** x"),
    ("-ubob:geheim", "-ubob:***"),
    (
        "--psk abc --authpass abc --privpass=abc --otp 123 --pin 123",
        "--psk *** --authpass *** --privpass=*** --otp *** --pin ***",
    ),
    ("--secret-access-key abc --integration-key abc", "--secret-access-key *** --integration-key ***"),
    ("--private-key abc", "--private-key ***"),
    ("--password= hunter2 PASSWORD = hunter2", "--password= *** PASSWORD = ***"),
    ("set g s PGPASSWORD hunter2", "set g s PGPASSWORD ***"),
    ("login bob password hunter2", "login bob password ***"),
    ("--kennwort geheim", "--kennwort ***"),
    ("-- /bin/sh -c 'curl -u bob:geheim http://x'", "-- /bin/sh -c 'curl -u bob:*** http://x'"),
    ("sh -c \"mysql --password=x -e 'select 1'\"", "sh -c \"mysql --password=*** -e 'select 1'\""),
    ('sh -c "curl -u \\"bob:geheim\\" http://x"', 'sh -c "curl -u \\"bob:*** http://x"'),
    ('{"password":"abc","x":1}', '{"password":"***","x":1}'),
    ('\'{"a": {"token": "a b"}}\'', '\'{"a": {"token": "***"}}\''),
    ('"{\\"password\\": \\"abc\\"}"', '"{\\"password\\": \\"***\\"}"'),
    ("'host=db password=abc user=u'", "'host=db password=*** user=u'"),
    ("nagios.monitor -- check_snmp -C private -H h", "nagios.monitor -- check_snmp -C *** -H h"),
    ("snmp.monitor -c private", "snmp.monitor -c ***"),
    ("https://maker.example.com/trigger/x/with/key/abcd", "https://maker.example.com/trigger/x/with/key/***"),
    ("https://hooks.slack.com/services/T0/B0/abcdefghijklmnopqrstuvwx", "https://hooks.slack.com/services/T0/B0/***"),
    ("https://h/cb#access_token=abc", "https://h/cb#access_token=***"),
    ("-H Authorization: Bearer abc", "-H Authorization: Bearer ***"),
]

SHOWN = [
    "trap.alert -U bob -p 99 h:2583",
    "ack g s the password is wrong",
    "ack g s password expired",
    "--bypass host1 --compass north",
    "check_http -C 30 -H h",
    "-- /bin/sh -c 'logger -p daemon.err hello; echo it is so'",
    "'see https://example.org/a/b, line 3'",
    "-P tcp -V 1.2.3.4:80 -R 10.0.0.1:80 -W 1 -F g",
    "-P TCP -V [::1]:80",
    "-p 8080",
    "-p 80,443",
    "-port 80 -path /x -proto tcp -print",
    "-p https",
    "--password-file /etc/mon/secret",
    "--password-file secret",
    "--password /etc/secret",
    "--secret credential:smtp",
    "bob@example.org 'Jane Doe <jane@example.org>'",
    "--url http://h:8080/a/b?page=2 -r 'a regex with (groups|and) [classes]'",
    "-s name -l 5 --help",
    "mis@domain.com -S 'the token ring is down'",
    "-u bob -h 10.0.0.1:80",
    "-T -O -u",
    "'unbalanced -r x",
    "--user-agent Mozilla/5.0",
    "https://example.org/a-rather-long-path-of-words-only/index.html",
    "-key /etc/ssl/key.pem",
    "",
    "   ",
]


@pytest.mark.parametrize(("line", "shown"), MASKED)
def test_a_secret_is_masked(line: str, shown: str) -> None:
    """C-SECRETS."""
    assert mask_secrets(line) == shown


@pytest.mark.parametrize(
    ("program", "line"),
    [
        ("http.monitor", "-p notaport -u /x"),
        ("/opt/mon.d/tcp.monitor", "-pabc"),
        ("ssh.monitor", "-p Port22"),
        ("lvs.alert", "-P tpc -V 1.2.3.4:80 -p x"),
    ],
)
def test_a_port_that_is_mistyped_is_shown(program: str, line: str) -> None:
    """C-SECRETS. The one who has to mend it must see it."""
    assert mask_secrets(line, program) == line
    assert mask_echoed(f"option {line}", line.split(), program) == f"option {line}"
    assert cut_before_secret(f"  monitor {program} {line}") == f"  monitor {program} {line}"


def test_the_password_beside_a_port_is_masked() -> None:
    assert mask_secrets("-p abc -P geheim", "mon.monitor") == "-p abc -P ***"


@pytest.mark.parametrize("line", SHOWN)
def test_what_is_no_secret_is_shown(line: str) -> None:
    """C-SECRETS."""
    assert mask_secrets(line) == line


@pytest.mark.parametrize(("line", "shown"), MASKED)
def test_masking_again_changes_nothing_more(line: str, shown: str) -> None:
    assert mask_secrets(shown) == shown


@given(st.text(max_size=60))
def test_any_line_can_be_masked(line: str) -> None:
    """And what stands outside of words, that is its blanks, stays."""
    shown = mask_secrets(line)
    assert line == shown or MASK in shown


@given(st.from_regex(r"[A-Za-z0-9!#%+,:;=?@^_-]{1,30}", fullmatch=True))
def test_no_value_of_a_secret_option_gets_through(secret: str) -> None:
    assert mask_secrets(f"--password {secret} x") == f"--password {MASK} x"
    assert mask_secrets(f"--password={secret} x") == f"--password={MASK} x"
    assert mask_secrets(f"x --token '{secret}'") == f"x --token '{MASK}'"


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "x",
            "x-",
            "a.",
            "://",
            "a://",
            "a://b:",
            "?token",
            "&key=",
            "authorization ",
            "X-Key",
            "eyJ-",
            "eyJabcdefgh.",
        ),
        *("bearer ", "basic-", "password", "password=", "/a1", "1a", "-p", "-u", "'", '"', "\\", ":", "=", "@", "a:@"),
    ],
)
def test_a_long_line_is_masked_in_a_time_that_grows_with_its_length(piece: str) -> None:
    """C-SECRETS. A client's line of the greatest length holds nobody up: four times the length, not sixteen."""

    def seconds(length: int) -> float:
        line = f"list watch {piece * (length // len(piece))}"

        def mask() -> None:
            mask_secrets.cache_clear()
            mask_secrets(line)

        return seconds_of(mask)

    check_growth_is_linear(seconds, 16_000)


def test_a_line_of_a_file_ends_before_its_first_secret() -> None:
    assert cut_before_secret("  alert a.alert -x 1 --password s3cret -y") == "  alert a.alert -x 1 --password …"
    assert cut_before_secret("  alert a.alert -x 1") == "  alert a.alert -x 1"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("PGPASSWORD", "s3cret", "***"),
        ("API_TOKEN", "12345678", "***"),
        ("COMMUNITY", "public", "***"),
        ("SMTP_PASS", "a b", "***"),
        ("PASSWORD_FILE", "x", "x"),
        ("TOKEN", "/etc/mon/token", "/etc/mon/token"),
        ("WEIGHT", "12", "12"),
        ("URL", "https://u:pw@h/", "https://u:***@h/"),
        ("PGPASSWORD", "", ""),
    ],
)
def test_the_value_of_a_variable_is_masked_by_its_name(name: str, value: str, shown: str) -> None:
    """C-SECRETS."""
    assert mask_value(name, value) == shown


@pytest.mark.parametrize(
    ("words", "text", "shown"),
    [
        (["--password", "s3cret"], "cannot log in with s3cret", "cannot log in with ***"),
        (["--password=s3cret"], "unknown option --password=s3cret", "unknown option --password=***"),
        (["-P", "123456"], "argv: -P 123456", "argv: -P ***"),
        (
            ["https://u:geheim@h/x?token=abcdef"],
            "GET https://u:geheim@h/x?token=abcdef",
            "GET https://u:***@h/x?token=***",
        ),
        (["--", "/bin/sh", "-c", "curl -u bob:geheim http://x"], "+ curl -u bob:geheim", "+ curl -u bob:***"),
        (["--password", "x"], "a box", "a box"),
        (["--password", "/etc/secret"], "cannot read /etc/secret", "cannot read /etc/secret"),
        (["--password", "a'b\"c d"], "a'b\"c d!", "***!"),
        (["root", "-S", "hello"], "root hello", "root hello"),
        (["--password", "s3cret"], "", ""),
    ],
)
def test_what_a_program_says_holds_none_of_its_secrets(words: list[str], text: str, shown: str) -> None:
    """C-SECRETS."""
    assert mask_echoed(text, words, "trap.alert") == shown
