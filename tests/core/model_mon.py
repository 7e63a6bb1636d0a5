"""mon's rules a second time, written from the specification alone: one mutable dictionary, step after step.

It shares no code and no records with pymon.core, so that what both do alike is not alike by accident. A service
is described by a plain dictionary::

    {"unack": bool, "redistribute": bool, "depend": bool, "failure_interval": bool, "missing": {names},
     "periods": [{"key", "second_half": bool, "every", "mode", "after_n", "after_k", "after_time", "upafter",
                  "num", "nocomp", "range": (low, high) or None, "alerts": [(list, name, (low, high) or None)]}]}

Steps are numbered as in the specification of results and alert decisions; Q marks where the manual, or what a
user expects, wins over what mon does.
"""

from __future__ import annotations

from typing import Any

Call = tuple[Any, ...]
"""word, period, program, standard input, MON_RETVAL, then what the environment is made from"""

DOWN = ("failure", "trap", "traptimeout")
LISTS = {
    "failure": "alert", "trap": "alert", "traptimeout": "alert", "up": "upalert", "startup": "startupalert",
    "ack": "ackalert", "disable": "disablealert",
}  # fmt: skip
WORDS = {
    "failure": "alert", "trap": "trapalert", "traptimeout": "traptimeoutalert", "up": "upalert",
    "startup": "startupalert", "ack": "ackalert", "disable": "disablealert",
}  # fmt: skip


class Mon:
    """One service in a mon of its own."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.stopped = False
        self.watch_disabled = False
        self.service_disabled = False
        self.parent_ok = True
        self.calls: list[Call] = []
        self.s: dict[str, Any] = {
            "op": 7, "last_op": 7, "exit": None, "failures": 0, "alerts": 0, "consec": 0, "first": 0, "last": 0,
            "success": 0, "summary": "", "detail": "", "output": "", "failure_output": "", "ack": 0, "comment": "",
            "depend": None, "fast": False, "trapped": 0, "had": False,
        }  # fmt: skip
        self.p = {
            each["key"]: {"last_alert": 0, "sent": 0, "shown": 0, "first": 0, "count": 0} for each in config["periods"]
        }

    # 2. Processing a result

    def failure(self, kind: str, value: Any, output: str, now: int) -> None:
        s = self.s
        if self.config["depend"]:
            s["depend"] = self.parent_ok
        s["exit"] = value
        s["failures"] += 1
        s["consec"] += 1
        s["last"] = now
        if s["op"] in (1, 5, 7):
            s["first"] = now
        s["last_op"] = s["op"]
        s["op"] = 0
        s["summary"], s["detail"] = first_line(output), rest(output)
        s["had"] = True
        self.do_alert(kind, value, output, now)
        if kind == "failure" and self.config["failure_interval"]:
            s["fast"] = True
        s["failure_output"] = output
        s["output"] = output

    def success(self, value: Any, output: str, now: int) -> None:
        s = self.s
        if self.config["depend"]:
            s["depend"] = self.parent_ok
        s["last_op"] = s["op"]
        s["op"] = 1
        if self.config["redistribute"] and not self.stopped:  # Q8: of the present output
            kept = s["summary"], s["had"]
            s["summary"], s["had"] = output.split("\n", maxsplit=1)[0], True
            self.redistribute("up", 0, output, now)
            s["summary"], s["had"] = kept
        if s["last_op"] == 0:  # Q5, Q15
            self.do_alert("up", 0, s["output"], now, again=True)
        s["ack"], s["comment"] = 0, ""
        s["first"] = s["last"] = s["consec"] = 0
        s["failure_output"] = ""
        for each in self.config["periods"]:
            p = self.p[each["key"]]
            if each["mode"] != "strict":
                p["last_alert"] = 0
            p["first"] = p["sent"] = p["shown"] = 0
        s["fast"] = False
        s["success"] = now
        s["exit"] = value
        s["output"] = output
        s["summary"], s["detail"] = output.split("\n", maxsplit=1)[0], rest(output)
        s["had"] = True

    def trap(self, sta: str, summary: str, detail: str, now: int) -> None:
        self.s["trapped"] = now
        output = summary + ("" if summary.endswith("\n") else "\n") + "\n" + detail
        if sta in ("0", ""):
            self.success(sta, output, now)
        else:
            self.failure("trap", sta, output, now)

    def trapduration_ends(self) -> None:
        self.s["last_op"], self.s["op"] = self.s["op"], 1
        self.s["first"] = self.s["last"] = 0  # Q10

    def acknowledge(self, text: str, now: int) -> bool:
        if self.s["op"] in (1, 7):
            return False
        self.s["ack"], self.s["comment"] = now, text
        self.do_alert("ack", None, text, now)
        return True

    # 3. The decision

    def do_alert(self, kind: str, value: Any, output: str, now: int, again: bool = False) -> None:
        s = self.s
        down = kind in DOWN
        if self.stopped:  # 1
            return
        if not again:  # 2
            self.redistribute(kind, value, output, now)
        if kind != "disable" and (self.watch_disabled or self.service_disabled):  # 3, Q3
            return
        if kind not in ("up", "startup") and self.config["depend"]:  # 4
            status = self.parent_ok if s["depend"] is None else s["depend"]  # Q4
            if not status:
                return
        now_says, before_said = (
            first_line(text).replace(" ", "").replace("\t", "") for text in (output, s["failure_output"])
        )
        if s["ack"] and self.config["unack"] and (down or kind == "startup") and now_says != before_said:  # 6
            s["ack"], s["comment"], s["consec"] = 0, "", 1
            for p in self.p.values():
                p["last_alert"] = p["first"] = p["count"] = 0
        if s["ack"] and kind not in ("up", "ack", "disable"):  # 7
            return
        seen = self.seen()
        for each in self.config["periods"]:  # 8
            if self.passes(each, kind, value, output, now):
                self.call_all(each, kind, value, output, now, seen)

    def passes(self, each: dict[str, Any], kind: str, value: Any, output: str, now: int) -> bool:  # noqa: PLR0912  # as above
        s, p = self.s, self.p[each["key"]]
        if each["second_half"] and now % 60 < 30:  # 8.1
            return False
        if kind in ("up", "ack") and not each["nocomp"] and p["sent"] == 0:  # 8.2
            return False
        if kind == "up" and each["upafter"] is not None and s["first"] and now - s["first"] < each["upafter"]:  # Q1
            return False
        if kind not in DOWN:
            return True
        if each["range"] and not each["range"][0] <= number(value) <= each["range"][1]:  # a
            return False
        if each["num"] and p["sent"] >= each["num"]:  # b
            return False
        if each["every"] and now - p["last_alert"] < each["every"]:  # c
            before = s["failure_output"]
            if each["mode"] in ("strict", "ignore_summary"):
                return False
            if each["mode"] == "observe_detail" and before == output:
                return False
            if each["mode"] == "summary" and first_line(before) == first_line(output):
                return False
        if each["after_n"] is not None and s["consec"] < each["after_n"]:  # d
            return False
        if each["after_time"] is not None and each["after_k"] is None:  # e
            if p["first"] == 0:
                p["first"] = now
            if now - p["first"] <= each["after_time"]:
                return False
        elif each["after_time"] is not None:  # f
            p["count"] += 1
            if now - p["first"] <= each["after_time"]:
                if p["count"] < each["after_k"]:
                    return False
            else:
                p["count"] = 1
            if p["count"] == 1:
                p["first"] = now
            if p["count"] < each["after_k"]:
                return False
        return True

    def call_all(self, each: dict[str, Any], kind: str, value: Any, output: str, now: int, seen: Call) -> None:
        p = self.p[each["key"]]
        called = 0
        for which, name, exits in each["alerts"]:  # 8.5
            if which != LISTS[kind] or name in self.config["missing"]:
                continue
            if exits and not exits[0] <= number(value) <= exits[1]:
                continue
            self.calls.append((WORDS[kind], each["key"], name, output, value, *seen))
            self.s["alerts"] += 1
            called += 1
        if not called:
            return
        if kind == "up":  # 8.6
            p["sent"] = p["shown"] = 0
            return
        p["shown"] += 1
        if kind in DOWN:  # Q6
            p["sent"] += 1
            p["last_alert"] = now

    def redistribute(self, kind: str, value: Any, output: str, now: int) -> None:
        if self.config["redistribute"]:
            self.calls.append((None, None, "redistribute.alert", output, value, *self.seen()))

    def seen(self) -> Call:
        """What MON_LAST_SUMMARY, _LAST_OUTPUT, _LAST_FAILURE, _LAST_SUCCESS, _FIRST_FAILURE, _OPSTATUS, _ACK are."""
        s = self.s
        return (
            s["summary"],
            s["output"],
            s["last"],
            s["success"],
            s["first"],
            s["op"],
            s["comment"] if s["ack"] else "",
        )


def first_line(output: str) -> str:
    """The summary, never blank."""
    line = output.split("\n", maxsplit=1)[0]
    return line if line.strip() else "(NO SUMMARY)"


def rest(output: str) -> str:
    """The detail."""
    return output.split("\n", 1)[1] if "\n" in output else ""


def number(value: Any) -> int:
    """A value as a number: traps may send ``3x`` or ``abc``."""
    digits = ""
    for char in str(value if value is not None else 0):
        if not char.isdigit():
            break
        digits += char
    return int(digits or 0)
