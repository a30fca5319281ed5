# SPDX-License-Identifier: MIT
"""Everything that is not healed has a reason, and netnsd says which: in the status, as JSON and for people, to
monitors, and in the debug log. Each is provoked here; the last test shows whether one is missing."""
import errno
import json
import re
import signal
from pathlib import Path

import pytest
from fault import ERROR, FOREVER, NUMBERS
from fight import Fight
from journal import TO_JOURNAL, arrived, fields, unread
from machine import NEVER, ROOT, wait_for
from monitor import Monitor, log
from topologies import everyday, pair

# The sentences are those of the table, so that a test sees which one people are shown.
ROW = re.compile(r'\[WHY_NOT_\w+\] = \{\s*"(\w+)",\s*"([^"]*)"')
SENTENCES = dict(ROW.findall((ROOT / "daemon/model/why_not.c").read_text()))
WAN = "ip link add wan up type veth peer name isp; ip link set isp up"


def topology(machine, name="lab"):
    return json.loads(machine.ctl("--json", "status", name).stdout)["topologies"][0]


def monitored(machine):
    """What a new monitor gets about the topology."""
    with Monitor(machine) as m:
        return next(t for t in m.topologies if t["name"] == "lab")


def logged(machine, word):
    return [line for line in machine.log_path.read_text().splitlines() if f" is not healed ({word}): " in line]


def shows(machine, word, kind, place):
    """The object has the reason in the status, for a monitor, and in the debug log."""
    def found(t):
        return any((d["kind"], d["object"], d.get("reason")) == (kind, place, word) for d in t.get("drift", []))
    wait_for(lambda: found(topology(machine)))
    wait_for(lambda: found(monitored(machine)))
    wait_for(lambda: f"{kind} {place}" in (out := machine.ctl("status").stdout) and
             f"\n  not healed: {SENTENCES[word]}" in out)
    lines = [line for line in logged(machine, word) if f"lab: {kind} {place}" in line]
    assert lines and all(SENTENCES[word] in line for line in lines), machine.log()


def shows_whole(machine, word):
    """The same for a topology as a whole."""
    wait_for(lambda: topology(machine).get("reason") == word)
    assert monitored(machine)["reason"] == word
    assert f"lab: not healed: {SENTENCES[word]}" in machine.ctl("status").stdout
    assert logged(machine, word), machine.log()


@pytest.fixture
def debug(bare):
    bare.start("--log-level", "debug", "--heal-burst", NEVER)
    return bare


def wan(*addresses, **more):
    t = everyday()
    t["host"]["interfaces"]["wan"] = {"addresses": list(addresses)}
    return t | more


def test_on_drift_report(debug):
    debug.apply({**everyday(), "on_drift": "report"})
    with Monitor(debug) as m:
        debug.sh("ip addr del 10.0.0.1/24 dev veth-host")
        event = m.event()
    assert (event["event"], event["reason"]) == ("drift", "on_drift_report")
    shows(debug, "on_drift_report", "address", "host/veth-host")
    assert ": netnsctl up lab" in debug.ctl("status").stdout
    # The command that people are told to run helps.
    debug.ctl("up", "lab")
    assert debug.addresses(None, "veth-host") == ["10.0.0.1/24"] and "drift" not in topology(debug)


def test_on_drift_report_of_a_name(debug):
    debug.apply({**everyday(), "on_drift": "report"})
    debug.sh("umount -l /run/netns/ns1; rm /run/netns/ns1")
    shows(debug, "on_drift_report", "namespace", "ns1")
    debug.ctl("up", "lab")


def test_on_drift_report_of_a_route_that_came_with_an_address(debug):
    debug.apply({**everyday(), "on_drift": "report"})
    debug.sh("ip route del 10.0.0.0/24 dev veth-host")
    shows(debug, "on_drift_report", "route", "host/veth-host")


def test_contested(bare):
    bare.start("--log-level", "debug", "--heal-burst", "3/1")
    bare.apply(everyday())
    with Monitor(bare) as m, Fight(bare, "ip addr del 10.0.0.1/24 dev veth-host"):
        while (event := m.event())["event"] != "contested":
            assert "reason" not in event
        assert event["reason"] == "contested"
        shows(bare, "contested", "address", "host/veth-host")
        assert "heal_usec" in topology(bare)["drift"][0]
        # A line for each pause, not for each of the twenty times a second.
        assert len(logged(bare, "contested")) <= 10
    wait_for(lambda: bare.addresses(None, "veth-host"))
    wait_for(lambda: "reason" not in topology(bare).get("drift", [{}])[0])


def test_refused(bare, fault):
    """By the kernel: it is retried later."""
    bare.start("--log-level", "debug", environment=fault.environment)
    bare.apply(everyday())
    with Monitor(bare) as m:
        fault.arm(ERROR, at=1, last=FOREVER, error=errno.ENOBUFS, only=NUMBERS["sendto"])
        bare.sh("ip -n ns1 route del 10.0.0.0/24 dev veth-ns")
        while (event := m.event())["event"] != "failed":
            assert "reason" not in event
    assert event["reason"] == "refused"
    assert f"No buffer space available; not healed: {SENTENCES['refused']}" in bare.ctl("log", "lab").stdout
    shows(bare, "refused", "route", "ns1/veth-ns")
    fault.disarm()
    wait_for(lambda: topology(bare)["state"] == "up" and "drift" not in topology(bare))


@pytest.fixture
def far(bare):
    """x0, an interface of others on the host, and another host on its veth pair."""
    bare.start("--log-level", "debug", "--heal-burst", "5/1")
    bare.sh("""ip netns add far; ip link add x0 type veth peer name x1 netns far; ip link set x0 up; ip -n far link set x1 up""")
    yield bare
    bare.ctl("down", "--all")
    bare.sh("ip link del x0; ip netns del far")


def test_unusable_and_not_ready(far):
    """A duplicate is recreated now and then; until the kernel has checked again, nothing is done."""
    far.sh("ip -n far addr add fd00::1/64 dev x1 nodad; echo 3 >/proc/sys/net/ipv6/conf/x0/dad_transmits")
    far.apply({"host": {"interfaces": {"x0": {"addresses": ["fd00::1/64"]}}}})
    shows(far, "unusable", "address", "host/x0")
    assert [e.get("reason") for e in log(far) if e["event"] == "failed"] == ["unusable"]
    shows(far, "not_ready", "address", "host/x0")


def test_not_ready(bare):
    """A route whose source is tentative."""
    bare.start("--log-level", "debug")
    bare.sh("echo 3 >/proc/sys/net/ipv6/conf/default/dad_transmits")
    bare.apply({"host": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["fd00::1/64"]},
                                        "p0": {"kind": "veth", "peer": "a/e0", "master": "br0"}},
                         "routes": [{"to": "fd01::/64", "via": "fd00::2", "src": "fd00::1"}]},
                "namespaces": {"a": {"interfaces": {"e0": {"addresses": ["fd00::2/64"]}}}}})
    bare.sh("ip addr del fd00::1/64 dev br0")
    shows(bare, "not_ready", "route", "host")
    wait_for(lambda: "drift" not in topology(bare))


def test_missing_and_blocked(debug):
    """An interface that others create disappears; its address has nothing to belong to."""
    debug.sh(WAN)
    debug.apply(wan("10.7.0.1/24"))
    with Monitor(debug) as m:
        debug.sh("ip link del wan")
        while (event := m.event())["event"] != "waiting":
            pass
    assert event["reason"] == "missing"
    shows(debug, "missing", "link", "host/wan")
    shows(debug, "blocked", "address", "host/wan")
    debug.sh(WAN)
    wait_for(lambda: "drift" not in topology(debug) and debug.addresses(None, "wan"))
    debug.ctl("down", "lab")
    debug.sh("ip link del wan")


def test_missing_namespace(debug):
    debug.sh("ip netns add theirs")
    debug.apply({"namespaces": {"theirs": {"existing": True, "interfaces": {"b": {"kind": "bridge"}}}}})
    debug.sh("ip netns del theirs")
    shows(debug, "missing", "namespace", "theirs")
    shows(debug, "blocked", "link", "theirs/b")
    # A symbolic link is not a namespace.
    debug.sh("ln -s /proc/1/ns/net /run/netns/theirs")
    shows(debug, "name_blocked", "namespace", "theirs")
    debug.sh("rm /run/netns/theirs")
    shows(debug, "missing", "namespace", "theirs")


def test_others_missing(debug):
    """A route is refused while an interface of others is missing that has the address of its gateway."""
    debug.sh(WAN)
    t = wan("10.7.0.1/24")
    t["host"]["routes"] = [{"to": "10.9.0.0/24", "via": "10.7.0.2"}]
    debug.apply(t)
    debug.sh("ip link del wan")
    shows(debug, "others_missing", "route", "host")
    debug.sh(WAN)
    wait_for(lambda: "drift" not in topology(debug) and debug.routes(None, "10.9.0.0/24"))
    debug.ctl("down", "lab")
    debug.sh("ip link del wan")


def test_order(bare):
    """The second address comes after the first, which is contested."""
    bare.start("--log-level", "debug", "--heal-burst", "2/60")
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"]["addresses"] = ["10.0.0.2/24", "10.0.0.3/24"]
    bare.apply(t)
    while not [e for e in log(bare) if e["event"] == "contested"]:
        bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
        wait_for(lambda: "10.0.0.2/24" in bare.addresses("ns1", "veth-ns"))
    bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns; ip -n ns1 addr add 10.0.0.3/24 dev veth-ns || true")
    shows(bare, "contested", "address", "ns1/veth-ns")
    shows(bare, "order", "address", "ns1/veth-ns")
    wait_for(lambda: bare.addresses("ns1", "veth-ns") == ["10.0.0.2/24", "10.0.0.3/24"], 30)


def test_foreign(debug):
    debug.apply(everyday())
    debug.pause()
    debug.sh("ip link del veth-host; ip link add veth-host type bridge")
    debug.resume()
    shows(debug, "foreign", "link", "host/veth-host")
    shows(debug, "blocked", "address", "host/veth-host")
    assert [e["reason"] for e in log(debug) if e["event"] == "failed"] == ["foreign"]
    debug.sh("ip link del veth-host")
    wait_for(lambda: "drift" not in topology(debug) and topology(debug)["state"] == "up")


def test_other_topology(debug):
    """Another one takes the name while ours is not watched."""
    debug.apply(everyday())
    debug.apply(pair(), "other")
    alias = debug.link("a", "eth0")["ifalias"]
    group = debug.link("a", "eth0")["group"]
    debug.pause()
    debug.sh(f"ip link del veth-host; ip link add veth-host type bridge; ip link set veth-host group {group} alias {alias}")
    debug.resume()
    shows(debug, "other_topology", "link", "host/veth-host")
    debug.sh("ip link del veth-host")
    wait_for(lambda: "drift" not in topology(debug))


def test_mark_damaged(bare):
    """While netnsd is stopped: nobody knows who owns the link."""
    bare.start()
    bare.apply({"host": {"interfaces": {"br0": {"kind": "bridge"}}}})
    group = bare.link(None, "br0")["group"]
    bare.stop()
    alias = "'customer 5'"
    bare.sh(f"ip link set br0 alias {alias}")
    bare.start("--log-level", "debug")
    shows(bare, "mark_damaged", "link", "host/br0")
    bare.sh(f"ip link set br0 group {group} alias netnsd:lab")
    bare.apply({"host": {"interfaces": {"br0": {"kind": "bridge"}}}})


def test_altname(debug):
    """The name is an alternative name of an interface."""
    debug.sh("ip link add wan type bridge; ip link add ext1 type bridge")
    debug.apply({"host": {"interfaces": {"wan": {"addresses": ["192.0.2.7/24"]}}}})
    debug.sh("ip link del wan; ip link property add dev ext1 altname wan")
    debug.stop()
    debug.start("--log-level", "debug")
    shows(debug, "altname", "link", "host/wan")
    debug.sh("ip link del ext1")
    debug.ctl("down", "lab")


def test_barred(debug):
    """IPv6 cannot have one next hop twice."""
    debug.apply({"namespaces": {"ns1": {"interfaces": {
        "e0": {"kind": "veth", "peer": "e1", "addresses": ["fd00::1/64"]}, "e1": {}},
        "routes": [{"to": "fd05::/64", "via": "fd00::2"}]}}})
    debug.sh("ip -n ns1 -6 route replace fd05::/64 via fd00::2 proto static")
    shows(debug, "barred", "route", "ns1")
    assert [e["reason"] for e in log(debug) if e["event"] == "failed"] == ["barred"]
    debug.sh("ip -n ns1 -6 route del fd05::/64 proto static")


def test_beside(debug):
    debug.apply(everyday())
    with Monitor(debug) as m:
        debug.sh("ip -n ns1 route append default via 10.0.0.9 proto static")
        assert m.event()["reason"] == "beside"
    shows(debug, "beside", "route", "ns1")


def test_changing(bare):
    """Drift of what is just being changed is left to the change."""
    bare.start("--log-level", "debug")
    bare.sh("echo 3 >/proc/sys/net/ipv6/conf/default/dad_transmits")
    t = {"host": {"interfaces": {"br0": {"kind": "bridge", "addresses": ["fd00::1/64"]},
                                 "p0": {"kind": "veth", "peer": "a/e0", "master": "br0"}}},
         "namespaces": {"a": {"interfaces": {"e0": {}}}}}
    bare.apply(t)
    t["host"]["interfaces"]["br0"]["addresses"] = ["fd00::7/64"]
    t["host"]["routes"] = [{"to": "fd01::/64", "via": "fd00::2", "src": "fd00::7"}]
    client = bare.popen("netnsctl", "apply", bare.file(t))
    wait_for(lambda: [e for e in log(bare) if e["event"] == "waiting"])
    bare.sh("ip -n a link set e0 mtu 1400")
    shows_whole(bare, "changing")
    assert client.wait(20) == 0
    assert "reason" not in topology(bare)


def test_awaiting(debug):
    debug.apply(wan("10.7.0.1/24"), code=1)
    shows_whole(debug, "awaiting")
    assert [(e["event"], e["reason"]) for e in log(debug)] == [("waiting", "awaiting")]


def test_rollback_failed(bare, fault):
    """A step is refused, and the rollback as well."""
    bare.start("--log-level", "debug", environment=fault.environment)
    bare.apply(everyday())
    fault.arm(ERROR, at=2, last=FOREVER, error=errno.ENOBUFS, only=NUMBERS["sendto"])
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"]["addresses"] = ["10.0.0.3/24"]
    t["namespaces"]["ns2"] = {"interfaces": {f"b{i}": {"kind": "bridge", "addresses": [f"10.8.{i}.1/24"]} for i in range(9)}}
    bare.apply(t, code=1)
    fault.disarm()
    shows_whole(bare, "rollback_failed")
    assert log(bare)[-1]["reason"] == "rollback_failed"
    bare.apply(everyday())
    assert "reason" not in topology(bare)


def test_overdue(bare):
    """Not confirmed while netnsd was stopped; the rollback is refused for now."""
    bare.start()
    bare.apply(everyday())
    bare.apply(pair(), "lab", "--replace", "--confirm", 3)
    bare.stop(signal.SIGKILL)
    bare.sh("ip link add veth-host type bridge; sleep 3")
    bare.start("--log-level", "debug")
    shows_whole(bare, "overdue")
    assert ": netnsctl confirm lab" in bare.ctl("status").stdout
    bare.ctl("confirm", "lab")
    bare.sh("ip link del veth-host")


def test_no_record(bare):
    bare.start()
    bare.apply(everyday())
    bare.stop()
    known = bare.root / "run/netnsd/known/lab.json"
    whole = known.read_text()
    known.write_text("garbage")
    bare.start("--log-level", "debug")
    shows_whole(bare, "no_record")
    bare.stop()
    known.write_text(whole)
    bare.start()


def test_unobserved(bare, fault):
    """The kernel does not say what exists."""
    bare.start("--log-level", "debug", environment=fault.environment)
    bare.apply(everyday())
    fault.arm(ERROR, at=1, last=FOREVER, error=errno.ENOMEM, reads=True, only=NUMBERS["sendto"])
    bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
    # Until the heal has failed, the status cannot be read either.
    wait_for(lambda: [e for e in log(bare) if e["event"] == "failed"])
    shows_whole(bare, "unobserved")
    [event] = [e for e in log(bare) if e["event"] == "failed"]
    assert event["reason"] == "unobserved"
    # Retried every second, and logged once.
    assert len(logged(bare, "unobserved")) == 1
    fault.disarm()
    wait_for(lambda: bare.addresses("ns1", "veth-ns") and "reason" not in topology(bare))


def test_journal(bare):
    """Each reason is a field: of the drift's entry, and of the debug entry of the step that is left out."""
    with unread(bare) as s:
        bare.start("--log-level", "debug", environment=TO_JOURNAL)
        bare.apply({**everyday(), "on_drift": "report"})
        bare.sh("ip addr del 10.0.0.1/24 dev veth-host")
        read = []
        wait_for(lambda: read.extend(map(fields, arrived(s))) or [e for e in read if e[b"PRIORITY"] == b"7"])
    [drift, skipped] = [e for e in read if b"NETNSD_REASON" in e]
    assert drift[b"PRIORITY"] == b"5" and b"MESSAGE_ID" in drift and b"MESSAGE_ID" not in skipped
    for entry in drift, skipped:
        assert entry[b"NETNSD_REASON"] == b"on_drift_report" and entry[b"NETNSD_EXPECTED"] == b"10.0.0.1/24"
        assert (entry[b"NETNSD_NAMESPACE"], entry[b"NETNSD_INTERFACE"]) == (b"host", b"veth-host")


def test_cause_comes_first(debug):
    """However many wait for it: and these leave room for what can be healed."""
    debug.sh(WAN)
    debug.apply(wan(*(f"10.7.{i // 250}.{i % 250}/32" for i in range(1, 1200))))
    debug.sh("ip link del wan")
    shows(debug, "missing", "link", "host/wan")
    assert topology(debug)["drift"][0]["reason"] == "missing"
    # The message has said it already.
    assert debug.ctl("log", "-n1").stdout.rstrip().endswith("link host/wan does not exist, and netnsd does not create it")
    with Monitor(debug) as m:
        debug.sh("ip addr del 10.0.0.1/24 dev veth-host")
        assert [m.event()["event"] for _ in range(2)] == ["drift", "healed"]
    debug.ctl("down", "lab")


def test_none_is_missing():
    """Each row has its test here."""
    tested = re.findall(r'shows(?:_whole)?\(\w+, "(\w+)"', Path(__file__).read_text(encoding="utf-8"))
    assert len(SENTENCES) > 20 and set(SENTENCES) == set(tested)
