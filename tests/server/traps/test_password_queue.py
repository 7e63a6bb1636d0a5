"""T-FLOOD: whose trap is looked at next, and whose has to go, when many wait for their passwords."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pymon.server.limits import ServerLimits
from pymon.server.traps.authorization import SenderClaim
from pymon.server.traps.flood_filter import FloodFilter
from pymon.server.traps.password_queue import QueueLimits, TrapQueue

LIMITS = QueueLimits(most=50, of_sender=8)
CROWDS = ServerLimits()


def queue() -> TrapQueue[int]:
    return TrapQueue(LIMITS, random.Random(1))


def claim(address: str, secret: str = "x") -> SenderClaim:
    return SenderClaim(address, "ann", secret)


def test_senders_take_turns() -> None:
    waiting = queue()
    for number in range(8):
        waiting.put("loud", claim("loud", f"guess {number}"), number)
    waiting.put("quiet", claim("quiet"), 100)
    turns = [waiting.take() for _ in range(3)]
    assert [turn[0].address for turn in turns if turn] == ["loud", "quiet", "loud"]


def test_the_traps_of_one_claim_stay_together_and_in_order() -> None:
    waiting = queue()
    assert [waiting.put("a", claim("a"), number) for number in range(3)] == [0, 0, 0]
    turn = waiting.take()
    assert turn is not None
    name, traps = turn
    assert name in waiting
    waiting.put("other", claim("a"), 3)
    assert waiting.take() is None, "it waits with those that are being looked at"
    assert list(traps) == [0, 1, 2, 3]
    waiting.release(name)
    assert name not in waiting
    assert not waiting.is_busy


def test_t_flood_a_crowd_loses_its_own() -> None:
    waiting = queue()
    for number in range(5):
        waiting.put(f"good {number}", claim(f"good {number}"), number)
    lost = sum(waiting.put("loud", claim("loud", f"guess {number}"), number) for number in range(1000))
    assert lost == 1000 - LIMITS.of_sender
    seen = Counter(turn[0].address for turn in iter(waiting.take, None))
    assert seen == {"loud": LIMITS.of_sender, **{f"good {number}": 1 for number in range(5)}}


def test_t_flood_many_loud_senders_make_room_for_a_quiet_one() -> None:
    """Which of them has to go is left to the dice, so that here only some of the good ones may."""
    waiting = queue()
    for number in range(2000):
        waiting.put(f"loud {number % 12}", claim(f"loud {number % 12}", f"{number}"), number)
        if number % 400 == 0:
            waiting.put(f"good {number}", claim(f"good {number}"), number)
    seen = Counter(turn[0].address for turn in iter(waiting.take, None))
    assert sum(address.startswith("good") for address in seen) >= 4
    assert sum(seen.values()) == LIMITS.most


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(0, 15), st.integers(0, 12)),
            st.tuples(st.just("take"), st.just(0), st.just(0)),
        ),
        max_size=300,
    )
)
def test_nothing_is_lost_untold_and_no_order_changed(steps: list[tuple[str, int, int]]) -> None:
    waiting: TrapQueue[int] = TrapQueue(QueueLimits(most=20, of_sender=5), random.Random(2))
    put = lost = 0
    taken: dict[SenderClaim, list[int]] = {}
    for what, sender, secret in steps:
        if what == "put":
            put += 1
            lost += waiting.put(sender, claim(str(sender), str(secret)), put)
            assert len(waiting) <= 20
        elif (turn := waiting.take()) is not None:
            taken.setdefault(turn[0], []).extend(turn[1])
            waiting.release(turn[0])
    while (turn := waiting.take()) is not None:
        taken.setdefault(turn[0], []).extend(turn[1])
        waiting.release(turn[0])
    assert sum(map(len, taken.values())) + lost == put
    assert all(numbers == sorted(numbers) for numbers in taken.values())
    assert not waiting.is_busy


def packet(password: str, text: str) -> bytes:
    return f"pro='0.3807'\nusr='ann'\npas='{password}'\nspc='1'\nsum='{text}'\n".encode()


def test_t_flood_a_crowd_is_thinned_but_for_what_begins_as_a_good_one() -> None:
    thinning = FloodFilter(random.Random(3))
    assert not any(thinning.is_dropped(packet("x", str(number)), "10.0.0.1", 0.0) for number in range(100))
    thinning.remember_rightful(packet("secret", "first"), "10.0.0.1")
    thinning.note_flood("10.0.0.1", 5.0)
    kept = sum(not thinning.is_dropped(packet(f"guess {number}", ""), "10.0.0.1", 5.5) for number in range(1600))
    assert 1600 / CROWDS.sifted / 2 < kept < 1600 / CROWDS.sifted * 2
    assert not any(thinning.is_dropped(packet("secret", str(number)), "10.0.0.1", 5.5) for number in range(100))
    assert not thinning.is_dropped(packet("guess", ""), "10.0.0.2", 5.5), "another sender"
    assert not any(thinning.is_dropped(packet("guess", ""), "10.0.0.1", 5.0 + CROWDS.crowded) for _ in range(100)), (
        "it is over"
    )


def test_t_flood_a_crowd_of_strangers_each_from_an_address_of_its_own() -> None:
    thinning = FloodFilter(random.Random(5))
    thinning.remember_rightful(packet("secret", ""), "10.0.0.1")
    thinning.note_flood_of_all(5.0)
    kept = sum(not thinning.is_dropped(packet("guess", ""), f"10.1.{n // 250}.{n % 250}", 5.5) for n in range(1600))
    assert 1600 / CROWDS.sifted / 2 < kept < 1600 / CROWDS.sifted * 2
    assert not any(thinning.is_dropped(packet("secret", str(number)), "10.0.0.1", 5.5) for number in range(100))
    assert not thinning.is_dropped(packet("guess", ""), "10.1.0.1", 5.0 + CROWDS.crowded)


def test_a_crowd_in_ipv6_is_a_network_and_a_good_beginning_one_address() -> None:
    thinning = FloodFilter(random.Random(4))
    thinning.remember_rightful(packet("secret", ""), "2001:db8::1")
    thinning.note_flood("2001:db8::66", 0.0)
    assert not any(thinning.is_dropped(packet("secret", ""), "2001:db8::1", 0.5) for _ in range(100))
    assert sum(thinning.is_dropped(packet("secret", ""), "2001:db8::77", 0.5) for _ in range(100)) > 50
    assert not thinning.is_dropped(packet("guess", ""), "2001:db8:0:1::1", 0.5)


def test_no_password_is_kept_in_clear() -> None:
    thinning = FloodFilter()
    thinning.remember_rightful(packet("very-secret", ""), "10.0.0.1")
    assert b"secret" not in b"".join(thinning._good)
