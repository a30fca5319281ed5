# SPDX-License-Identifier: MIT
"""Policy routing rules: created, read back, changed, healed and removed, next to those of other programs."""
import json
import re
import socket
import struct

import pytest
from machine import EXAMPLES, wait_for
from monitor import events
from topologies import everyday

RTM_NEWRULE, REQUEST_CREATE = 32, 0x1 | 0x4 | 0x400
UNCHANGED = "lab: unchanged\n"
# The fields of a rule, and what "ip rule" shows of each.
FIELDS = {
    "all": ({}, {"src": "all"}),
    "from": ({"from": "10.0.0.0/8"}, {"src": "10.0.0.0", "srclen": 8}),
    "to": ({"to": "192.0.2.1"}, {"src": "all", "dst": "192.0.2.1"}),
    "from 6": ({"from": "2001:db8::/32"}, {"src": "2001:db8::", "srclen": 32}),
    "iif": ({"iif": "lo"}, {"iif": "lo"}),
    "iif that is not there": ({"iif": "later0"}, {"iif": "later0"}),
    "oif": ({"oif": "veth-ns"}, {"oif": "veth-ns"}),
    "fwmark": ({"fwmark": 7}, {"fwmark": "0x7"}),
    "fwmark with mask": ({"fwmark": "0x10/0xf0"}, {"fwmark": "0x10", "fwmask": "0xf0"}),
    "no bit of the mark": ({"fwmark": "0/0xf0"}, {"fwmark": "0", "fwmask": "0xf0"}),
    "ipproto": ({"ipproto": "tcp"}, {"ipproto": "tcp"}),
    "ports": ({"ipproto": "udp", "sport": "1000-2000", "dport": 53}, {"sport_start": 1000, "sport_end": 2000, "dport": 53}),
    "uidrange": ({"uidrange": "0-0"}, {"uid_start": 0, "uid_end": 0}),
    "suppress": ({"suppress_prefixlength": 0}, {"suppress_prefixlen": 0}),
    "main": ({"table": 254}, {"table": "main"}),
    "large table": ({"table": 100000}, {"table": "100000"}),
    "family": ({"family": "inet6"}, {"src": "all"}),
    "blackhole": ({"action": "blackhole", "table": None}, {"action": "blackhole"}),
    "unreachable": ({"action": "unreachable", "table": None}, {"action": "unreachable"}),
    "prohibit": ({"action": "prohibit", "table": None}, {"action": "prohibit"}),
    "nop": ({"action": "nop", "table": None}, {"table": None, "action": None}),
    "first": ({"priority": 0}, {"priority": 0}),
    "last": ({"priority": 4294967295}, {"priority": 4294967295}),
}


def rule(**fields):
    return {k: v for k, v in {"priority": 100, "table": 7, **fields}.items() if v is not None}


def families(fields):
    if fields.get("family") == "inet6" or ":" in fields.get("from", ""):
        return ["-6"]
    return ["-4"] if {"from", "to", "family"} & set(fields) else ["-4", "-6"]


def topology(place, *rules, **more):
    t = everyday()
    if place == "existing":
        t["namespaces"]["old"] = {"existing": True}
    netns = {"ns1": t["namespaces"]["ns1"], "host": t["host"], "existing": t["namespaces"].get("old")}[place]
    netns["rules"] = list(rules)
    return {**t, **more}


class Place:
    def __init__(self, machine, place):
        self.machine, self.place = machine, place
        self.netns = {"ns1": "ns1", "host": None, "existing": "old"}[place]
        self.command = f"ip -n {self.netns}" if self.netns else "ip"

    def apply(self, *rules, **more):
        return self.machine.apply(topology(self.place, *rules), **more)

    def plan(self, *rules, **more):
        return self.machine.ctl("plan", self.machine.file(topology(self.place, *rules)), **more)

    def rule(self, words):
        self.machine.sh(f"{self.command} {words}")

    def rules(self, *family):
        """All but the kernel's own."""
        found = [r for f in family or ("-4", "-6") for r in self.machine.ip("-d", *self.machine.at(self.netns), f, "rule")]
        return [r for r in found if r["protocol"] != "kernel"]

    def ours(self, *family):
        return [r for r in self.rules(*family) if r["protocol"] in ("78", "netnsd")]

    def add_twin(self, priority, table, protocol, family=socket.AF_INET, source=None):
        """As a program does that does not ask whether there is one already."""
        def attribute(number, value):
            return struct.pack("HH", 4 + len(value), number) + value + b"\0" * (-len(value) % 4)
        body = struct.pack("8BI", family, 0, source[1] if source else 0, 0, table, 0, 0, 1, 0)
        body += attribute(6, struct.pack("I", priority)) + attribute(15, struct.pack("I", table)) + attribute(21, bytes([protocol]))
        if source:
            body += attribute(1, socket.inet_pton(family, source[0]))
        message = struct.pack("IHHII", 16 + len(body), RTM_NEWRULE, REQUEST_CREATE | 0x4, 1, 0) + body
        where = ["ip", "netns", "exec", self.netns] if self.netns else []
        self.machine.run(*where, "python3", "-c", "import socket, sys\ns = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\n"
                         f"s.send(bytes.fromhex('{message.hex()}'))\n"
                         "r = s.recv(1000)\nassert r[16:20] == bytes(4), r")


@pytest.fixture(params=["ns1", "host", "existing"])
def at(machine, request):
    if request.param == "existing":
        machine.sh("ip netns add old; ip -n old link set lo up")
    yield Place(machine, request.param)
    machine.ctl("down", "lab", code=None)
    machine.sh("ip netns del old" if request.param == "existing" else "true")


@pytest.mark.parametrize("fields, shown", FIELDS.values(), ids=FIELDS)
def test_field(at, fields, shown):
    """Created, read back, healed, changed, removed."""
    at.apply()
    before = at.machine.snapshot()
    at.apply(rule(**fields))
    for family in families(fields):
        found, = at.ours(family)
        assert {k: found.get(k) for k in shown} == shown and found["protocol"] in ("78", "netnsd")
    assert len(at.ours()) == len(families(fields))
    assert at.apply(rule(**fields)).stdout == UNCHANGED
    there = at.machine.snapshot()
    at.rule(f"{families(fields)[0]} rule del priority {fields.get('priority', 100)} protocol 78")
    wait_for(lambda: "healed" in events(at.machine))
    at.machine.assert_same(there)
    at.apply(rule(priority=200))
    assert [(r["priority"], r["table"]) for r in at.ours()] == [(200, "7")] * 2
    at.apply()
    at.machine.assert_same(before)


@pytest.mark.parametrize("fields", [f for f, _ in FIELDS.values()], ids=FIELDS)
def test_changes(at, fields):
    """From one that names nothing to a narrower one of the same priority, and back: a removal hits the right one."""
    at.apply(rule())
    general = at.machine.snapshot()
    at.apply(rule(**fields))
    assert len(at.ours()) == len(families(fields))
    assert at.apply(rule(**fields)).stdout == UNCHANGED
    at.apply(rule())
    at.machine.assert_same(general)
    at.machine.ctl("rollback", "lab")
    if fields:
        assert len(at.ours()) == len(families(fields))
        assert at.apply(rule(**fields)).stdout == UNCHANGED


def test_in_the_words_of_ip(at):
    out = at.plan(rule(fwmark="0x1/0xff", iif="lo", suppress_prefixlength=0, table=254),
                  rule(**{"from": "10.0.0.0/8", "ipproto": "tcp", "dport": "80-90"}), rule(family="inet6", action="prohibit", table=None)).stdout
    name = at.netns or "host"
    lines = [" ".join(line.split()) for line in out.splitlines() if "rule" in line]
    assert lines == [
        f"+ rule {name} priority 100 family inet iif lo fwmark 0x1/0xff lookup main suppress_prefixlength 0",
        f"+ rule {name} priority 100 from 10.0.0.0/8 ipproto tcp dport 80-90 lookup 7",
        f"+ rule {name} priority 100 family inet6 prohibit",
        f"+ rule {name} priority 100 family inet6 iif lo fwmark 0x1/0xff lookup main suppress_prefixlength 0"], out
    out = at.plan(rule(priority=0, family="inet")).stdout
    assert "priority 0 family inet lookup 7" in out, out
    at.apply(rule(**{"from": "10.0.0.0/8"}))
    lines = [" ".join(line.split()) for line in at.plan(rule(**{"from": "10.0.0.0/8", "table": 8})).stdout.splitlines() if "rule" in line]
    assert lines == [f"+ rule {name} priority 100 from 10.0.0.0/8 lookup 8", f"- rule {name} priority 100 from 10.0.0.0/8 lookup 7"]


def test_narrower_one_before(at):
    """A removal of the general one matches the narrow one, which comes first, as well."""
    at.apply(rule(**{"from": "10.0.0.0/8"}), rule(**{"from": "10.0.0.0/8", "iif": "lo"}), rule(family="inet"))
    at.apply(rule(**{"from": "10.0.0.0/8"}), rule(**{"from": "10.0.0.0/8", "iif": "lo"}))
    assert sorted(r.get("iif", "") for r in at.ours()) == ["", "lo"] and all(r["src"] == "10.0.0.0" for r in at.ours())
    at.apply(rule(**{"from": "10.0.0.0/8", "iif": "lo"}), rule(family="inet"))
    at.apply(rule(**{"from": "10.0.0.0/8", "iif": "lo"}))
    assert [r["iif"] for r in at.ours()] == ["lo"]
    at.apply()
    assert not at.ours()


def test_two_topologies(at):
    """Each removes its own, be it the more general one."""
    place = "old" if at.place == "existing" else "ns1"
    if at.place == "ns1":
        pytest.skip("a namespace belongs to one topology")
    def one(*rules):
        body = {"rules": list(rules)}
        return {"host": body} if at.place == "host" else {"namespaces": {place: {"existing": True, **body}}}
    at.machine.apply(one(rule(**{"from": "10.0.0.0/8"})), "narrow")
    at.machine.apply(one(rule(family="inet")), "general")
    assert [r["src"] for r in at.ours("-4")] == ["10.0.0.0", "all"]
    at.machine.ctl("down", "general")
    assert [r["src"] for r in at.ours()] == ["10.0.0.0"]
    assert "unchanged" in at.machine.apply(one(rule(**{"from": "10.0.0.0/8"})), "narrow").stdout
    error = at.machine.apply(one(rule(**{"from": "10.0.0.0/8"})), "same", code=1).stderr
    assert "narrow" in error
    at.machine.ctl("down", "narrow")
    assert not at.ours()


def test_foreign_twin_is_in_the_way(at):
    """Plan and apply name the command that helps, and it does."""
    at.apply()
    at.rule("rule add priority 100 from 10.0.0.0/8 lookup 7")
    before = at.machine.snapshot()
    wanted = rule(**{"from": "10.0.0.0/8"})
    for error in at.plan(wanted, code=1).stderr, at.apply(wanted, code=1).stderr:
        assert "the same rule of another program" in error, error
    at.machine.assert_same(before)
    at.machine.sh(error.partition('remove it with "')[2].partition('"')[0])
    at.apply(wanted)
    assert [r["src"] for r in at.rules()] == ["10.0.0.0"]


def test_foreign_twin_stays(at):
    """One that another program adds next to ours is left alone: by a change, by healing, by down."""
    at.apply(rule(family="inet"))
    at.add_twin(100, 7, 4)
    assert sorted(r["protocol"] for r in at.rules()) == ["netnsd" if "netnsd" in str(at.rules()) else "78", "static"]
    assert at.apply(rule(family="inet")).stdout == UNCHANGED
    at.rule("rule del priority 100 protocol 78")
    wait_for(lambda: len(at.ours()) == 1 and "healed" in events(at.machine))
    at.apply(rule(family="inet"), rule(priority=300))
    at.apply()
    assert [r["protocol"] for r in at.rules()] == ["static"]
    at.machine.ctl("rollback", "lab")
    assert len(at.ours()) == 3 and len(at.rules()) == 4
    at.machine.ctl("down", "lab")
    if at.place != "ns1":
        assert [r["protocol"] for r in at.rules()] == ["static"]
        at.rule("rule del priority 100 protocol static")


def test_marked_by_nobody(at):
    """A rule with our protocol that no topology names is an orphan: it goes with a namespace of ours, be it as soon as rules
    are declared there, and stays everywhere else, whatever is applied, healed, rolled back, adopted or brought down."""
    def orphans():
        return [r["priority"] for r in at.rules() if r["priority"] in (100, 101)]
    at.apply()
    at.rule("rule add priority 100 lookup 7 protocol 78; " + at.command + " -6 rule add priority 101 lookup 7 protocol 78")
    assert at.apply().stdout == UNCHANGED
    at.machine.sh("ip -n ns1 link set lo down")
    wait_for(lambda: "healed" in events(at.machine))
    at.machine.restart()
    assert at.apply().stdout == UNCHANGED and orphans() == [100, 101]
    at.apply(rule(priority=200))
    assert orphans() == ([] if at.place == "ns1" else [100, 101])
    if at.place == "ns1":
        return
    at.rule("rule del priority 200 protocol 78")
    wait_for(lambda: len(at.rules()) == 4)
    at.machine.ctl("rollback", "lab")
    error = at.apply(rule(family="inet"), code=1).stderr
    assert "priority 100 lookup 7 already exists" in error, error
    at.machine.ctl("down", "lab")
    adopted = {"host": {"rules": [rule(priority=300)]}} if at.place == "host" else \
        {"namespaces": {"old": {"existing": True, "rules": [rule(priority=300)]}}}
    at.rule("rule add priority 300 lookup 7; " + at.command + " -6 rule add priority 300 lookup 7")
    at.machine.ctl("adopt", at.machine.file(adopted))
    at.machine.ctl("down", "lab")
    assert orphans() == [100, 101] and len(at.rules()) == 2
    at.rule("rule del priority 100; " + at.command + " -6 rule del priority 101")


def test_foreign_change(at):
    """Another program replaces ours by one with another table: both exist, and theirs is not touched."""
    at.apply(rule(family="inet"))
    at.rule("rule add priority 100 lookup 8; " + at.command + " rule del priority 100 lookup 7")
    wait_for(lambda: len(at.ours()) == 1)
    assert sorted(r["table"] for r in at.rules()) == ["7", "8"]
    at.rule("rule del priority 100 lookup 8")
    at.rule("rule del priority 100 lookup 7")
    wait_for(lambda: len(at.ours()) == 1)


def test_report(at):
    t = topology(at.place, rule(family="inet"), on_drift="report")
    at.machine.apply(t)
    at.rule("rule del priority 100")
    wait_for(lambda: at.machine.status().get("drift"))
    assert not at.rules()
    drift = at.machine.status()["drift"][0]
    assert drift["kind"] == "rule" and "lookup 7" in str(drift), drift


@pytest.mark.parametrize("place", ["ns1", "host"])
def test_refused_at_each_step(bare, fault, place):
    """Whatever message the kernel refuses: the rules are as they were, those of others too."""
    bare.start(environment=fault.environment)
    bare.apply(topology(place, rule(), rule(priority=50, **{"from": "10.0.0.0/8"}), rule(priority=50, table=9)))
    here = Place(bare, place)
    here.rule("rule add priority 60 lookup 60")
    before = bare.snapshot()
    after = topology(place, rule(table=8), rule(priority=50, **{"from": "10.0.0.0/9"}), rule(priority=50), rule(priority=70))
    fault.refuse_each_message(bare, after, lambda: bare.assert_same(before))
    here.rule("rule del priority 60")
    bare.ctl("down", "lab")


def test_rolled_back(at):
    """What is refused comes after the rules, in the namespace of the daemon."""
    if at.place == "host":
        pytest.skip("there is nothing after them")
    at.apply(rule(), rule(priority=50, **{"from": "10.0.0.0/8"}), rule(priority=50, table=9))
    at.rule("rule add priority 60 lookup 60")
    before = at.machine.snapshot()
    t = topology(at.place, rule(table=8), rule(priority=50, **{"from": "10.0.0.0/9"}), rule(priority=50), rule(priority=70))
    t["host"]["routes"] = [{"to": "2001:db8:9::/48", "dev": "veth-host", "src": "fe80::77"}]
    assert "Invalid source address" in at.machine.apply(t, code=1).stderr
    at.machine.assert_same(before)
    at.rule("rule del priority 60")


def test_adopt(at):
    """Rules of others become ours, without one missing in between; a difference refuses it."""
    at.apply()
    at.machine.ctl("down", "lab")
    at.machine.sh("ip netns add ns1; ip -n ns1 link set lo up; ip link add veth-host type veth peer veth-ns netns ns1; "
                  "ip addr add 10.0.0.1/24 dev veth-host; ip link set veth-host up; ip -n ns1 addr add 10.0.0.2/24 dev veth-ns; "
                  "ip -n ns1 link set veth-ns up; ip -n ns1 route add default via 10.0.0.1")
    at.rule("rule add priority 100 lookup 7; " + at.command + " rule add priority 100 from 10.0.0.0/8 lookup 7")
    at.rule("-6 rule add priority 100 lookup 7 protocol static")
    path = at.machine.file(topology(at.place, rule(**{"from": "10.0.0.0/8"}), rule(), rule(priority=101)))
    error = at.machine.ctl("adopt", path, code=1).stderr
    assert "rule" in error and "priority 101" in error and "does not exist" in error, error
    assert not at.ours()
    wanted = [rule(**{"from": "10.0.0.0/8"}), rule()]
    at.machine.ctl("adopt", at.machine.file(topology(at.place, *wanted)))
    assert len(at.rules()) == len(at.ours()) == 3
    assert at.apply(*wanted).stdout == UNCHANGED
    at.machine.ctl("down", "lab")
    assert not at.netns == "ns1" or "ns1" not in at.machine.namespaces()
    if at.place != "ns1":
        assert not at.rules()


def test_restart(at):
    at.apply(rule())
    there = at.machine.snapshot()
    at.machine.restart()
    assert at.apply(rule()).stdout == UNCHANGED
    at.machine.assert_same(there)
    at.rule("rule del priority 100")
    wait_for(lambda: len(at.ours()) == 2)


def test_status(at):
    """In the words of ip-rule(8), and none of other programs."""
    at.apply(rule(**{"from": "10.0.0.0/8"}), rule(priority=101, fwmark="0x1/0xf"))
    at.rule("rule add priority 300 lookup 7")
    name = {"ns1": "ns1", "host": "host", "existing": "old"}[at.place]
    shown, = [n["rules"] for n in at.machine.call("Status", name="lab")["namespaces"] if n["name"] == name]
    assert sorted(shown) == ["priority 100 from 10.0.0.0/8 lookup 7", "priority 101 family inet fwmark 0x1/0xf lookup 7",
                             "priority 101 family inet6 fwmark 0x1/0xf lookup 7"]
    assert "rule priority 100 from 10.0.0.0/8 lookup 7" in at.machine.ctl("status", "lab").stdout
    at.rule("rule del priority 300")


def test_kernel_is_asked_only_where_rules_are_declared(bare):
    """Counted in the trace, which names the type of a message or has its number."""
    bare.start(strace=True)

    def asked(name, number):
        return len(re.findall(rf"nlmsg_type=(?:{name}|{number:#x})\b", (bare.folder / "trace").read_text()))
    bare.apply(everyday())
    bare.apply(everyday())
    assert asked("RTM_GETROUTE", 26) and not asked("RTM_GETRULE", 34)
    bare.apply(topology("ns1", rule()))
    assert asked("RTM_GETRULE", 34)
    bare.apply(everyday())
    before = asked("RTM_GETRULE", 34)
    assert bare.apply(everyday()).stdout == UNCHANGED
    assert asked("RTM_GETRULE", 34) == before


def test_packets(machine):
    """Two uplinks, each of which answers to one network only: without the rule for it, the other gets no answer."""
    t = json.loads((EXAMPLES / "policy-routing.json").read_text())
    rules = t["namespaces"]["edge"]["rules"]
    machine.apply(t)
    for netns in "staff", "guests":
        machine.ping(netns, "198.51.100.1")
    t["namespaces"]["edge"]["rules"] = [r for r in rules if r.get("from") != "10.0.7.0/24"]
    machine.apply(t)
    machine.ping("guests", "198.51.100.1", ok=False)
    t["namespaces"]["edge"]["rules"] = rules
    machine.apply(t)
    machine.sh("ip -n edge rule del priority 1001")
    machine.ping("guests", "198.51.100.1")
