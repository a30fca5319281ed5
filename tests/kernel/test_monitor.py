# SPDX-License-Identifier: MIT
"""Events are reported: as they happen, without a gap after the first state, to many at once, and never at the expense
of others to a client that does not read; and they are stored over restarts and crashes."""
import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest
from fault import KILL
from machine import NETNSCTL, NETNSD, wait_for
from monitor import Monitor, log
from topologies import everyday, pair
from varlink import Connection, VarlinkError, encode

REFUSED = {"to": "2001:db8:9::/48", "dev": "veth-ns", "src": "fe80::77"}  # only the kernel knows which addresses exist
EMPTY = {"namespaces": {"a": {}}}
BY = re.compile(r"uid \d+, pid \d+ \(netnsctl\)")


def refused():
    t = everyday()
    t["namespaces"]["ns1"]["routes"].append(REFUSED)
    return t


def printed(machine, *args):
    return json.loads(machine.ctl("--json", "log", *args).stdout)["events"]


def words(events):
    return [(e["topology"], e["event"]) for e in events]


def test_every_outcome_is_reported_once(machine):
    machine.apply(pair(), "other")
    with Monitor(machine) as m:
        assert [(t["name"], t["state"]) for t in m.topologies] == [("other", "up")]
        machine.apply(everyday())
        machine.apply(everyday())
        machine.apply(refused(), "lab", "--replace", code=1)
        machine.apply(everyday(), "lab2", code=1)
        machine.ctl("down", "lab")
        machine.ctl("down", "nowhere", code=1)
        machine.ctl("up", "lab")
        told = [m.event() for _ in range(7)]
    expected = [("lab", "applied"), ("lab", "applied"), ("lab", "refused"), ("lab2", "refused"), ("lab", "down"),
                ("nowhere", "refused"), ("lab", "applied")]
    assert words(told) == expected
    assert log(machine) == printed(machine) == printed(machine, "-n", 8) and log(machine)[1:] == told and printed(machine, "-n1") == told[-1:]
    assert log(machine, "lab") == printed(machine, "lab") == [e for e in told if e["topology"] == "lab"] and printed(machine, "unheard") == []
    assert all(BY.fullmatch(e["by"]) for e in told)
    assert [e["time_usec"] for e in told] == sorted(e["time_usec"] for e in told)
    assert abs(told[0]["time_usec"] / 1e6 - time.time()) < 30
    messages = [e["message"] for e in told]
    assert messages[0].startswith("5 created in ") and messages[1] == "unchanged"
    assert messages[4].startswith("2 removed in ")
    kernel = told[2]
    assert "/namespaces/ns1/routes/1" in kernel["message"] and "Invalid source address" in kernel["message"]
    assert (kernel["kind"], kernel["object"], kernel["errno"]) == ("route", "ns1", 22)
    assert "lab" in told[3]["message"] and told[3]["errno"] == 17
    lines = machine.log_path.read_text().splitlines()
    verbs = ["applied", "applied", "apply refused", "apply refused", "taken down", "down refused", "brought up"]
    assert [line for line in lines if " by uid " in line][1:] == [
        f"netnsd: {e['topology']}: {verb}: {e['message']}; by {e['by']}" for e, verb in zip(told, verbs, strict=True)]


def test_caller_who_does_not_wait(machine):
    """The apply of a client that disconnects is reported nonetheless."""
    with Monitor(machine) as m:
        with Connection(machine.socket) as c:
            c.send(encode("io.netnsd.Apply", {"name": "lab", "topology": everyday()}, oneway=True))
        event = m.event()
        # Seen from the machine, this process has a user, but no number.
        assert (event["topology"], event["event"], event["by"]) == ("lab", "applied", f"uid {os.geteuid()}")


def test_monitor_needs_more(machine):
    with Connection(machine.socket) as c:
        with pytest.raises(VarlinkError) as info:
            c.call("io.netnsd.Monitor")
        assert info.value.name == "org.varlink.service.ExpectedMore"
        c.send(encode("io.netnsd.Monitor", more=True, oneway=True))
        assert c.call("io.netnsd.Ping")
    for limit in 0, -1:
        with Connection(machine.socket) as c, pytest.raises(VarlinkError) as info:
            c.call("io.netnsd.Log", limit=limit)
        assert info.value.name == "org.varlink.service.InvalidParameter"


def sockets(machine):
    """How many of them netnsd has open."""
    return int(machine.sh(f"ls -l /proc/{machine.pid()}/fd | grep -c socket"))


def test_nothing_between_state_and_events(machine):
    """Monitors that begin in the middle of a burst: each topology is in the first reply or is reported afterwards."""
    names = [f"t{i}" for i in range(120)]
    before = sockets(machine)
    with Connection(machine.socket) as c:
        for i, name in enumerate(names):
            c.send(encode("io.netnsd.Apply", {"name": name, "topology": {"namespaces": {f"n{i}": {}}}}))
        monitors = []
        for _ in names:
            assert "summary" in c.receive()["parameters"]
            if len(monitors) < 64:
                monitors.append(Monitor(machine))
    assert len(monitors) == 64
    for m in monitors:
        known = [t["name"] for t in m.topologies]
        while len(known) < len(names):
            event = m.event()
            assert event["event"] == "applied"
            known.append(event["topology"])
        assert sorted(known) == sorted(names)
        m.socket.close()
    # Clients that have gone get nothing, and hold nothing.
    machine.ctl("down", "--all", "--forget")
    wait_for(lambda: sockets(machine) == before)


def flood(machine, stop):
    """Events of 1 KiB, a hundred at a time, until stop() says so."""
    with Connection(machine.socket) as c:
        c.call("io.netnsd.Apply", name="busy", topology=EMPTY, source="x" * 900)
        while True:
            for _ in range(100):
                c.send(encode("io.netnsd.Apply", {"name": "busy", "topology": EMPTY, "source": "y"}))
            for _ in range(100):
                assert c.receive()["error"] == "io.netnsd.NameInUse"
            if stop():
                return


def test_slow_monitor_is_dropped_others_go_on(machine):
    told = []
    with Monitor(machine) as slow, Monitor(machine) as good:
        good.socket.settimeout(20)

        def stop():
            """The good one has read on; 4 MiB and more than a socket holds have passed."""
            told.extend(good.event() for _ in range(100 + (not told)))
            return len(told) > 6000
        flood(machine, stop)
        slow_told = []
        while "error" not in (reply := slow.receive()):
            slow_told.append(reply["parameters"]["event"])
        assert reply["error"] == "io.netnsd.TooSlow" and not reply.get("continues")
        # What it got is the beginning, complete and in order.
        assert len(told) > len(slow_told) > 1000 and slow_told == told[:len(slow_told)]
        assert slow.call("io.netnsd.Ping")
    assert len(log(machine)) == 1000 and log(machine)[-1] == told[-1]


def test_monitor_that_never_reads(machine):
    """Nobody waits for it, and it costs no more than what is queued for it."""
    with Monitor(machine) as slow:
        batches = []
        flood(machine, lambda: batches.append(1) or len(batches) > 100)
        pid = machine.pid()
        resident = int(re.search(r"VmRSS:\s+(\d+)", machine.sh(f"cat /proc/{pid}/status"))[1])
        assert resident < 40 << 10 or "asan" in machine.sh(f"cat /proc/{pid}/maps")
        assert slow.receive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_log_survives(machine, number):
    machine.apply(everyday())
    machine.ctl("down", "lab")
    before = log(machine)
    assert words(before) == [("lab", "applied"), ("lab", "down")]
    path = machine.root / "run/netnsd/log"
    machine.stop(number)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"time_usec":17,"event":"appl')
    machine.start()
    assert log(machine) == before
    machine.ctl("up", "lab")
    machine.restart(number)
    assert log(machine)[:2] == before and words(log(machine))[2:] == [("lab", "applied")]
    assert path.stat().st_mode & 0o777 == 0o600


def test_interrupted_change_is_reported(bare, fault):
    bare.start(environment=fault.environment)
    bare.apply(everyday())
    fault.arm(KILL, at=200)
    bare.apply({"namespaces": {f"n{i}": {} for i in range(40)}}, "big", code=1)
    bare.ends(-signal.SIGKILL)
    bare.start()
    assert ("big", "rolled_back") in words(log(bare)) and bare.namespaces() == ["ns1"]


def test_full_disk_does_not_hurt(machine):
    machine.apply(everyday())
    machine.sh("mount -o remount,size=8m /run; cat /dev/zero >/run/full || true")
    with Monitor(machine) as m:
        # Several pages of events, none of which has room.
        for _ in range(40):
            machine.ctl("down", "nowhere", code=1)
        result = machine.apply(pair(), "other", code=1)
        assert "run directory" in result.stderr
        told = [m.event() for _ in range(41)]
        assert told[40]["event"] == "refused" and printed(machine, "-n", 41) == told
        machine.ping("ns1", "10.0.0.1")
        machine.sh("rm /run/full")
        machine.apply(pair(), "other")
        assert m.event()["event"] == "applied"
    assert machine.log_path.read_text().count("not survive a restart") == 1
    machine.restart(signal.SIGKILL)
    now = log(machine)
    assert words(now)[0] == ("lab", "applied") and words(now)[-1] == ("other", "applied") and len(now) < 43


def test_once_reports_too(bare):
    result = bare.run(NETNSD, "--once", bare.file(everyday()))
    assert "created in" in result.stdout and result.stderr == ""
    bare.start()
    [event] = log(bare)
    assert event["event"] == "applied" and re.fullmatch(r"uid 0, pid \d+ \(netnsd --once\)", event["by"])


# The client.

def lines_of(process, n):
    return [process.stdout.readline() for _ in range(n)]


def monitor(machine, *args):
    return machine.popen(NETNSCTL, "monitor", *args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def interrupt(machine):
    machine.sh("kill -INT $(pgrep -x netnsctl)")


def test_netnsctl_monitor(machine):
    machine.apply(everyday())
    with monitor(machine) as m:
        clock = r"\d\d:\d\d:\d\d  "
        assert re.fullmatch(clock + r"lab       up         .*/lab\.json, until reboot\n", m.stdout.readline())
        machine.apply(refused(), "lab", code=1)
        machine.ctl("down", "lab")
        refusal, down = lines_of(m, 2)
        assert re.fullmatch(clock + r"lab       refused    route ns1: /namespaces/ns1/routes/1.*: Invalid source "
                            r"address; by uid 0, pid \d+ \(netnsctl\)\n", refusal)
        assert re.fullmatch(clock + r"lab       down       2 removed in [\d.]+ ms; by uid 0, pid \d+ \(netnsctl\)\n", down)
        interrupt(machine)
        assert m.wait(5) == 0 and m.stdout.read() == "" and m.stderr.read() == ""
    table = machine.ctl("log", "-n", 2).stdout.splitlines()
    assert table[0].split() == ["TIME", "TOPOLOGY", "EVENT", "WHAT"]
    assert [" ".join(line.split()) for line in table[1:]] == [" ".join(line.split()) for line in (refusal, down)]


def test_netnsctl_monitor_json(machine):
    """One object per line, with the members of the interface; of the names given only."""
    machine.apply(everyday())
    machine.apply(pair(), "other")
    with monitor(machine, "--json", "lab", "later") as m:
        first = json.loads(m.stdout.readline())
        assert list(first) == ["topologies"] and [t["name"] for t in first["topologies"]] == ["lab"]
        machine.ctl("down", "other")
        machine.ctl("down", "lab")
        machine.apply(EMPTY, "later")
        told = [json.loads(line) for line in lines_of(m, 2)]
        assert words(e["event"] for e in told) == [("lab", "down"), ("later", "applied")]
        for e in told:
            assert list(e) == ["event"] and list(e["event"]) == ["time_usec", "event", "topology", "by", "message"]
        interrupt(machine)
        assert m.wait(5) == 0


def test_netnsctl_monitor_when_the_daemon_goes_away(machine):
    machine.apply(everyday())
    with monitor(machine) as m:
        assert "lab" in m.stdout.readline()
        machine.stop()
        assert m.wait(5) == 1 and m.stderr.read() == "netnsctl: netnsd went away; see journalctl -u netnsd\n"
    assert "netnsd is not running" in machine.ctl("monitor", code=4).stderr
    machine.start()


def test_netnsctl_monitor_when_nobody_reads(machine):
    """It ends with its reader, even when nothing happens any more."""
    machine.apply(everyday())
    out = machine.sh("netnsctl monitor | head -n 1")
    assert "lab" in out


# The journal.

def journal_entry(data):
    """The fields of an entry in the journal's own protocol."""
    fields = {}
    while data:
        name, separator, rest = data.partition(b"\n")
        if b"=" in name:
            name, _, value = name.partition(b"=")
        else:
            size = int.from_bytes(rest[:8], "little")
            value, rest = rest[8:8 + size], rest[8 + size + 1:]
        assert separator
        fields[name.decode()], data = value.decode(), rest
    return fields


def test_journal(bare):
    (bare.root / "run/systemd/journal").mkdir(parents=True)
    bare.log_path = bare.folder / "netnsd.log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(bare.root / "run/systemd/journal/socket"))
        journal.settimeout(10)
        with bare.log_path.open("w", encoding="utf-8") as stderr:
            bare.daemon = bare.popen("sh", "-c", f"JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec {NETNSD}",
                                     stdin=subprocess.DEVNULL, stderr=stderr)
        wait_for(bare.answers)
        bare.apply(everyday())
        bare.apply(refused(), code=1)

        def entry():
            while "MESSAGE_ID" not in (fields := journal_entry(journal.recv(1 << 16))):
                pass
            return fields
        applied, refusal = entry(), entry()
        assert applied["MESSAGE_ID"] == "5f1d9e0a7c3b4d68a2f4c0917e6b3d52" and applied["PRIORITY"] == "6"
        assert applied["NETNSD_TOPOLOGY"] == "lab" and BY.fullmatch(applied["NETNSD_BY"])
        assert refusal["MESSAGE_ID"] == "d83a6c1f20b94e57bb0d4f7a95e1c368" and refusal["PRIORITY"] == "5"
        assert refusal["ERRNO"] == "22" and refusal["NETNSD_NAMESPACE"] == "ns1" and "NETNSD_EXPECTED" not in refusal
        assert "Invalid source address" in refusal["MESSAGE"]
        assert bare.log_path.read_text() == ""
        bare.ctl("down", "--all")
        bare.stop()
        bare.log_path = bare.folder / "netnsd.0.log"
        bare.log_path.touch()
    (bare.root / "run/systemd/journal/socket").unlink()
    bare.start()
