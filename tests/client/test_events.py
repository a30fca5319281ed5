# SPDX-License-Identifier: MIT
"""netnsctl monitor and log, against a daemon that reports what the test wants."""
import json
import subprocess

from ctl import NETNSCTL
from fake_daemon import FakeDaemon

SINCE = 1714572131000000  # 2024-05-01 14:02:11 UTC
LAB = {"name": "lab", "state": "up", "namespaces": 1, "links": 1, "healed": 0, "since_usec": SINCE, "source": "lab.json",
       "boot": False}
OTHER = {**LAB, "name": "other", "state": "down"}
EVENTS = [
    {"time_usec": SINCE, "event": "applied", "topology": "lab", "by": "uid 0, pid 12 (netnsctl)",
     "message": "5 created in 3.1 ms"},
    {"time_usec": SINCE, "event": "drift", "topology": "lab", "kind": "address", "object": "ns1/eth0", "expected": "10.0.0.2/24",
     "by": "pid 7 (ip)", "message": "taken away"},
    {"time_usec": SINCE, "event": "contested", "topology": "other", "kind": "link", "object": "ns1/eth0", "expected": "mtu 1500",
     "actual": "mtu 1400", "message": "waits 2 s"},
    {"time_usec": SINCE, "event": "failed", "topology": "other", "message": "\x1b[31mred", "errno": 17},
]
SHOWN = """\
2024-05-01 14:02:11  lab{0}  applied    5 created in 3.1 ms; by uid 0, pid 12 (netnsctl)
2024-05-01 14:02:11  lab{0}  drift      address ns1/eth0 10.0.0.2/24 → nothing: taken away; by pid 7 (ip)
2024-05-01 14:02:11  other{1}  contested  link ns1/eth0 mtu 1500 → mtu 1400: waits 2 s
2024-05-01 14:02:11  other{1}  failed     \\x1b[31mred
"""


def serve_events(ctl):
    """The daemon goes away after the last, as monitor never ends by itself."""
    first = {"topologies": [LAB, OTHER]}
    replies = [{"parameters": p, "continues": True} for p in [first, *({"event": e} for e in EVENTS)]]
    ctl.serve(Monitor=[FakeDaemon.message(r) for r in replies], Log=[{"events": EVENTS}])


GONE = "netnsctl: netnsd went away; see journalctl -u netnsd\n"


def test_monitor(ctl):
    serve_events(ctl)
    state = "2024-05-01 14:02:11  lab       up         lab.json, until reboot\n" \
            "2024-05-01 14:02:11  other     down       lab.json, until reboot\n"
    assert ctl.run("monitor") == (1, state + SHOWN.format("     ", "   "), GONE)
    assert ctl.daemon.calls == [{"method": "io.netnsd.Monitor", "parameters": None, "more": True}]
    lines = (state + SHOWN.format("     ", "   ")).splitlines(keepends=True)
    assert ctl.run("monitor", "other", "x") == (1, "".join(line for line in lines if "  other " in line), GONE)
    assert "\033[32mapplied" in ctl.on_terminal("monitor")


def test_monitor_on_terminal(ctl):
    """Lines are broken between words, below each other; a word that is longer than that stays whole. ASCII in the C locale."""
    serve_events(ctl)
    lines = ctl.on_terminal("monitor", NO_COLOR="1", LANG="").splitlines()
    assert lines[2:7] == [
        "2024-05-01 14:02:11  lab       applied    5 created in 3.1 ms; by uid 0, pid 12",
        "                                          (netnsctl)",
        "2024-05-01 14:02:11  lab       drift      address ns1/eth0 10.0.0.2/24 ->",
        "                                          nothing: taken away; by pid 7 (ip)",
        "2024-05-01 14:02:11  other     contested  link ns1/eth0 mtu 1500 -> mtu 1400:"]
    assert "10.0.0.2/24 →\n" in ctl.on_terminal("log", NO_COLOR="1", LANG="de_DE.UTF-8")
    long = {**EVENTS[0], "message": "one " + "x" * 100 + " two"}
    ctl.daemon.replies["Log"] = [{"events": [long]}]
    words = [line.strip() for line in ctl.on_terminal("log", NO_COLOR="1", LANG="").splitlines()[1:]]
    assert words[0].endswith("  one") and words[1] == "x" * 100 and words[2].startswith("two")


def test_monitor_json(ctl):
    serve_events(ctl)
    code, out, _ = ctl.run("monitor", "--json", "lab")
    assert code == 1 and [json.loads(line) for line in out.splitlines()] == [
        {"topologies": [LAB]}, {"event": EVENTS[0]}, {"event": EVENTS[1]}]
    # One object per line, even on a terminal.
    assert len(ctl.on_terminal("monitor", "--json").splitlines()) == 6


def test_monitor_that_is_too_slow(ctl):
    ctl.serve(Monitor=[{"topologies": []}, {"error": "io.netnsd.TooSlow", "parameters": {}}])
    assert ctl.run("monitor") == (
        1, "", "netnsctl: events came faster than they were read; the later ones are in netnsctl log\n")


def test_monitor_output_that_cannot_be_written(ctl):
    serve_events(ctl)
    with open("/dev/full", "w", encoding="utf-8") as full:
        r = subprocess.run([NETNSCTL, "monitor"], cwd=ctl.folder, env=ctl.environment, stdout=full,
                           stderr=subprocess.PIPE, text=True, check=False)
    assert (r.returncode, r.stderr) == (1, "netnsctl: cannot print the answer: No space left on device\n")


def test_log(ctl):
    serve_events(ctl)
    title = "TIME                 TOPOLOGY  EVENT      WHAT\n"
    assert ctl.out("log") == title + SHOWN.format("     ", "   ")
    assert json.loads(ctl.out("log", "--json")) == {"events": EVENTS}
    for args in ("lab", "-n", "5"), ("-n5", "lab"), ("--lines=5", "lab"), ("lab", "--lines", "5"):
        ctl.out("log", *args)
    assert [call["parameters"] for call in ctl.daemon.calls] == [{}, {}, *[{"name": "lab", "limit": 5}] * 4]
    ctl.daemon.replies["Log"] = [{"events": []}]
    assert ctl.out("log") == "no events yet\n"
    for n in "0", "-1", "x", "", "5x", "99999999999999999999":
        assert ctl.run("log", "-n", n) == (2, "", f"netnsctl: --lines {n}: must be a number of at least 1\n")
