# SPDX-License-Identifier: MIT
"""Forwarding entries: created, read back, changed, moved, healed and removed, on bridges of ours and of others, next to what
a bridge learns, to the kernel's own entries and to those of other programs."""
import json
import re

import pytest
from machine import EXAMPLES, wait_for
from monitor import events, log

UNCHANGED = "lab: unchanged\n"
MAC = "02:00:00:00:00:11"
FIELDS = {
    "static": ({}, {"state": "static"}),
    "static, said": ({"state": "static"}, {"state": "static"}),
    "local": ({"state": "local"}, {"state": "permanent"}),
    "sticky": ({"sticky": True}, {"state": "static", "flags": ["sticky"]}),
    "of the bridge itself": ({"dev": "br0"}, {"state": "permanent", "ifname": "br0"}),
}


class Place:
    """The bridge br0 with the ports p0 and p1: of ours in a namespace of ours, or of others on the host."""

    def __init__(self, machine, place):
        self.machine, self.place = machine, place
        self.netns = "sw" if place == "ours" else None
        self.name = self.netns or "host"
        self.ip, self.bridge = (f"ip -n {self.netns}", f"bridge -n {self.netns}") if self.netns else ("ip", "bridge")

    def one(self, **fields):
        one = {"mac": MAC, "dev": "p0", **fields}
        if self.place != "ours" and one["dev"] == "br0":
            one.setdefault("state", "local")  # what kind of interface it is only the kernel knows
        return {k: v for k, v in one.items() if v is not None}

    def topology(self, *entries, **more):
        interfaces = {"br0": {"kind": "bridge"}, **{f"p{i}": {"kind": "veth", "peer": f"n{i}/eth0", "master": "br0"} for i in (0, 1)}}
        if self.place == "ours":
            return {"namespaces": {"sw": {"interfaces": interfaces, "fdb": list(entries)}, "n0": {}, "n1": {}}, **more}
        return {"host": {"interfaces": {"br0": {}, "p0": {}, "p1": {}}, "fdb": list(entries)}, **more}

    def apply(self, *entries, **more):
        return self.machine.apply(self.topology(*entries), **more)

    def plan(self, *entries, **more):
        return self.machine.ctl("plan", self.machine.file(self.topology(*entries)), **more)

    def fdb(self, words):
        self.machine.sh(f"{self.bridge} fdb {words}")

    def all(self):
        """All that do not age."""
        entries = json.loads(self.machine.sh(f"{self.bridge} -j -d fdb show"))
        return sorted((e for e in entries if e.get("state") in ("static", "permanent") and "self" not in e["flags"]), key=str)

    def entries(self):
        """Those that the kernel has not made for the address of an interface."""
        own = {link["address"] for link in self.machine.ip(*self.machine.at(self.netns), "link")}
        return [e for e in self.all() if e["mac"] not in own]

    def at(self):
        return sorted((e["mac"], e["ifname"], e["state"]) for e in self.entries())


@pytest.fixture(params=["ours", "others"])
def at(machine, request):
    if request.param == "others":
        machine.sh("ip link add br0 type bridge; ip link set br0 up; "
                   "for i in 0 1; do ip link add p$i master br0 type veth peer q$i; ip link set p$i up; ip link set q$i up; done")
    yield Place(machine, request.param)
    machine.ctl("down", "lab", code=None)
    machine.sh("for i in p0 p1 br0; do ip link del $i; done" if request.param == "others" else "true")


@pytest.mark.parametrize("fields, shown", FIELDS.values(), ids=FIELDS)
def test_field(at, fields, shown):
    """Created, read back, healed, changed, removed, rolled back."""
    at.apply()
    before = at.machine.snapshot(), at.all()
    one = at.one(**fields)
    at.apply(one)
    found, = at.entries()
    assert {k: found[k] for k in shown} == shown and found["mac"] == MAC and found["ifname"] == one["dev"]
    assert at.apply(one).stdout == UNCHANGED
    there = at.entries()
    at.fdb(f"del {MAC} dev {one['dev']} {'self' if one['dev'] == 'br0' else 'master'}")
    wait_for(lambda: "healed" in events(at.machine))
    assert at.entries() == there
    at.apply(at.one(mac="02:00:00:00:00:12"))
    assert at.at() == [("02:00:00:00:00:12", "p0", "static")]
    at.apply()
    at.machine.assert_same(before[0])
    assert at.all() == before[1]
    at.machine.ctl("rollback", "lab")
    assert at.at() == [("02:00:00:00:00:12", "p0", "static")]


CHANGES = {
    "state": ({}, {"state": "local"}, f"~ fdb {{name}} {MAC} dev p0 state static → local"),
    "sticky": ({}, {"sticky": True}, f"~ fdb {{name}} {MAC} dev p0 static sticky false → true"),
    "not sticky": ({"sticky": True}, {}, f"~ fdb {{name}} {MAC} dev p0 static sticky true → false"),
    "port": ({}, {"dev": "p1"}, f"+ fdb {{name}} {MAC} dev p1 static - fdb {{name}} {MAC} dev p0 static"),
    "to the bridge": ({}, {"dev": "br0"}, f"+ fdb {{name}} {MAC} dev br0 local - fdb {{name}} {MAC} dev p0 static"),
}


@pytest.mark.parametrize("before, after, lines", CHANGES.values(), ids=CHANGES)
def test_change(at, before, after, lines):
    """A bridge has one entry for each address: one that goes to another port moves there."""
    at.apply(at.one(**before))
    there = at.at()
    out = at.plan(at.one(**after)).stdout
    assert lines.format(name=at.name) in " ".join(out.split()), out
    at.apply(at.one(**after))
    assert len(at.entries()) == 1
    assert at.apply(at.one(**after)).stdout == UNCHANGED
    at.machine.ctl("rollback", "lab")
    assert at.at() == there
    assert at.apply(at.one(**before)).stdout == UNCHANGED


DRIFTS = {
    "on another port": "replace {mac} dev p1 master static",
    "local": "replace {mac} dev p0 master local",
    "of the bridge": "replace {mac} dev br0 self local",
    "sticky": "replace {mac} dev p0 master static sticky",
    "flushed": "del {mac} dev p0 master",
}


@pytest.mark.parametrize("words", DRIFTS.values(), ids=DRIFTS)
def test_drift(at, words):
    at.apply(at.one())
    there = at.entries()
    at.fdb(words.format(mac=MAC))
    wait_for(lambda: at.entries() == there)


def test_lost_with_the_port(at):
    """A port that leaves the bridge, and comes back, has lost its entries."""
    at.apply(at.one(), at.one(mac="02:00:00:00:00:12", state="local"))
    there = at.at()
    at.machine.sh(f"{at.ip} link set p0 nomaster; {at.ip} link set p0 master br0")
    wait_for(lambda: at.at() == there)
    at.machine.sh(f"{at.ip} link set p0 down; {at.ip} link set p0 up")
    wait_for(lambda: at.at() == there)


def test_with_a_change_of_the_link(at):
    """What a step of the same apply removes of them is there again at its end; what leaves may be gone already."""
    if at.place != "ours":
        pytest.skip("its interfaces belong to others")
    at.apply(at.one(), at.one(mac="02:00:00:00:00:12"))
    t = at.topology(at.one())
    t["namespaces"]["sw"]["interfaces"]["br1"] = {"kind": "bridge"}
    t["namespaces"]["sw"]["interfaces"]["p0"]["master"] = "br1"
    at.machine.apply(t)
    assert [(e["mac"], e["ifname"], e["master"]) for e in at.entries()] == [(MAC, "p0", "br1")]
    assert at.machine.apply(t).stdout == UNCHANGED
    at.machine.ctl("rollback", "lab")
    assert sorted(e["master"] for e in at.entries()) == ["br0"] * 2


def test_learned_one_is_in_nobodys_way(at):
    at.apply()
    at.fdb(f"add {MAC} dev p1 master dynamic")
    at.apply(at.one())
    assert at.at() == [(MAC, "p0", "static")]


@pytest.mark.parametrize("port", ["p0", "p1", "br0"])
def test_foreign_one_is_in_the_way(at, port):
    """Plan and apply name the command that helps, and it does. On ports of ours there are none of others."""
    at.apply()
    at.fdb(f"add {MAC} dev {port} {'self local' if port == 'br0' else 'master static'}")
    before = at.at()
    if at.place == "ours":
        at.apply(at.one())
        assert at.at() == [(MAC, "p0", "static")]
        return
    for error in at.plan(at.one(), code=1).stderr, at.apply(at.one(), code=1).stderr:
        assert "another program" in error, error
    assert at.at() == before
    at.machine.sh(error.partition('remove it with "')[2].partition('"')[0])
    at.apply(at.one())
    assert at.at() == [(MAC, "p0", "static")]


def test_foreign_ones_stay(at):
    at.apply(at.one())
    at.fdb("add 02:00:00:00:00:44 dev p0 master static")
    at.fdb("add 02:00:00:00:00:45 dev p1 master dynamic")
    assert at.apply(at.one()).stdout == UNCHANGED
    at.apply(at.one(state="local"))
    at.apply()
    assert at.at() == [("02:00:00:00:00:44", "p0", "static")]
    at.machine.ctl("down", "lab")
    if at.place != "ours":
        assert at.at() == [("02:00:00:00:00:44", "p0", "static")]


def test_kernels_own_entry(at):
    """That for the address of a port is never touched."""
    at.apply()
    before = at.all()
    own = at.machine.link(at.netns, "p0")["address"]
    error = at.apply(at.one(mac=own, state="local"), code=1).stderr
    assert "the kernel has an entry of its own" in error, error
    assert at.all() == before


def test_in_the_words_of_bridge(at):
    out = at.plan(at.one(), at.one(mac="02:00:00:00:00:12", sticky=True), at.one(mac="02:00:00:00:00:13", dev="br0")).stdout
    lines = [" ".join(line.split()) for line in out.splitlines() if "fdb" in line]
    assert lines == [f"+ fdb {at.name} {MAC} dev p0 static", f"+ fdb {at.name} 02:00:00:00:00:12 dev p0 static sticky",
                     f"+ fdb {at.name} 02:00:00:00:00:13 dev br0 local"], out


def test_report(at):
    at.machine.apply(at.topology(at.one(), on_drift="report"))
    at.fdb(f"del {MAC} dev p0 master")
    wait_for(lambda: at.machine.status().get("drift"))
    assert not at.entries()
    drift = at.machine.status()["drift"][0]
    assert drift["kind"] == "fdb" and MAC in str(drift), drift


def test_adopt(at):
    """Entries of others become ours; a difference refuses it."""
    at.apply()
    at.machine.ctl("down", "lab")
    if at.place == "ours":
        at.machine.sh("for i in sw n0 n1; do ip netns add $i; ip -n $i link set lo up; done; ip -n sw link add br0 type bridge; "
                      "ip -n sw link set br0 up; for i in 0 1; do ip -n sw link add p$i type veth peer eth0 netns n$i; "
                      "ip -n sw link set p$i master br0 up; ip -n n$i link set eth0 up; done")
    at.fdb(f"add {MAC} dev p0 master static")
    at.fdb("add 02:00:00:00:00:44 dev p0 master static")
    error = at.machine.ctl("adopt", at.machine.file(at.topology(at.one(state="local"))), code=1).stderr
    assert "fdb" in error and "would have to be changed" in error, error
    at.machine.ctl("adopt", at.machine.file(at.topology(at.one())))
    assert at.apply(at.one()).stdout == UNCHANGED
    at.apply()
    assert at.at() == [("02:00:00:00:00:44", "p0", "static")]


def test_two_topologies(at):
    """The same entry is refused with both names; each removes its own."""
    if at.place == "ours":
        pytest.skip("a namespace belongs to one topology")
    def one(*entries):
        return {"host": {"interfaces": {"br0": {}, "p0": {}}, "fdb": list(entries)}}
    at.apply(at.one())
    at.machine.apply(one(at.one(mac="02:00:00:00:00:12", dev="br0")), "second")
    error = at.machine.apply(one(at.one()), "third", code=1).stderr
    assert "lab" in error, error
    at.machine.ctl("down", "second")
    assert at.at() == [(MAC, "p0", "static")]
    assert at.apply(at.one()).stdout == UNCHANGED


def test_restart(at):
    at.apply(at.one(), at.one(mac="02:00:00:00:00:12", sticky=True))
    there = at.at()
    at.machine.restart()
    assert at.apply(at.one(), at.one(mac="02:00:00:00:00:12", sticky=True)).stdout == UNCHANGED
    at.fdb(f"del {MAC} dev p0 master")
    wait_for(lambda: at.at() == there)


def test_status(at):
    """In the words of bridge(8), and none of other programs."""
    at.apply(at.one(), at.one(mac="02:00:00:00:00:12", sticky=True))
    at.fdb("add 02:00:00:00:00:44 dev p0 master static")
    shown, = [n["fdb"] for n in at.machine.call("Status", name="lab")["namespaces"] if n["name"] == at.name]
    assert sorted(shown) == [f"{MAC} dev p0 static", "02:00:00:00:00:12 dev p0 static sticky"]
    assert f"fdb {MAC} dev p0 static" in at.machine.ctl("status", "lab").stdout


@pytest.mark.parametrize("place", ["ours", "others"])
def test_refused_at_each_step(bare, fault, place):
    """Whatever message the kernel refuses: the entries are as they were, those of others too."""
    def unchanged():
        assert at.entries() == before

    if place == "others":
        bare.sh("ip link add br0 type bridge; ip link set br0 up; "
                "for i in 0 1; do ip link add p$i master br0 type veth peer q$i; ip link set p$i up; done")
    bare.start(environment=fault.environment)
    at = Place(bare, place)
    at.apply(at.one(), at.one(mac="02:00:00:00:00:12", sticky=True), at.one(mac="02:00:00:00:00:13"))
    at.fdb("add 02:00:00:00:00:44 dev p0 master static")
    before = at.entries()
    after = at.topology(at.one(dev="p1"), at.one(mac="02:00:00:00:00:12", state="local"), at.one(mac="02:00:00:00:00:14", dev="br0"))
    fault.refuse_each_message(bare, after, unchanged)
    bare.ctl("down", "lab")
    if place == "others":
        bare.sh("for i in p0 p1 br0; do ip link del $i; done")


def test_what_is_learned_is_not_heard(bare):
    """A bridge learns and forgets a thousand addresses, and nothing is read; one of ours that goes is."""
    bare.start(strace=True)

    def asked():
        return len(re.findall(r"nlmsg_type=(?:RTM_GETNEIGH|0x1e)\b", (bare.folder / "trace").read_text()))
    at = Place(bare, "ours")
    at.apply()
    assert not asked()
    at.apply(at.one())
    wait_for(lambda: at.apply(at.one()).stdout == UNCHANGED)
    before = asked()
    assert before
    bare.sh("for i in $(seq 4); do for n in $(seq 10 99); do for a in add del; do echo fdb $a 02:00:00:00:$i:$n dev p0 master dynamic; "
            "done; done; done | sed 's/\\(fdb del.*\\) dynamic/\\1/' | bridge -n sw -batch -")
    assert at.apply(at.one()).stdout == UNCHANGED
    assert asked() - before <= 4, asked() - before
    at.fdb(f"del {MAC} dev p0 master")
    wait_for(at.entries)
    bare.ctl("down", "lab")


def test_made_dynamic(bare):
    """The kernel reports it as it reports what a bridge learns, which is not heard: the audit finds it."""
    bare.start("--audit", "1")
    at = Place(bare, "ours")
    at.apply(at.one())
    at.fdb(f"replace {MAC} dev p0 master dynamic")
    wait_for(lambda: at.at() == [(MAC, "p0", "static")])
    assert [(e["kind"], e["object"]) for e in log(bare) if e["event"] == "drift"] == [("fdb", "sw")]
    bare.ctl("down", "lab")


@pytest.mark.uml
def test_vlans(machine):
    """In each VLAN a bridge has an entry of its own."""
    at = Place(machine, "ours")
    t = at.topology(at.one(vlan=1), at.one(mac="02:00:00:00:00:12", dev="br0", vlan=1))
    t["namespaces"]["sw"]["interfaces"]["br0"]["vlan_filtering"] = True
    machine.apply(t)
    assert sorted((e["mac"], e["ifname"], e["vlan"]) for e in at.entries()) == [("02:00:00:00:00:11", "p0", 1), ("02:00:00:00:00:12", "br0", 1)]
    assert machine.apply(t).stdout == UNCHANGED
    at.fdb(f"del {MAC} dev p0 master vlan 1")
    wait_for(lambda: len(at.entries()) == 2)
    t["namespaces"]["sw"]["fdb"] = [at.one(vlan=2)]
    assert "vlan" in machine.apply(t, code=1).stderr
    assert len(at.entries()) == 2
    machine.ctl("down", "lab")
    # Without VLANs the kernel adds one for each VLAN of the port beside it, and removes these with it.
    machine.apply(at.topology(at.one()))
    assert {e.get("vlan") for e in at.entries()} == {None, 1}
    machine.apply(at.topology())
    assert not at.entries()


def test_packets(machine):
    """A locked port takes frames from the stations of its entries only."""
    t = json.loads((EXAMPLES / "locked-ports.json").read_text())
    machine.apply(t)
    machine.ping("desk", "10.0.9.1")
    machine.ping("stranger", "10.0.9.1", ok=False)
    fdb = t["namespaces"]["switch"].pop("fdb")
    machine.apply(t)
    machine.ping("desk", "10.0.9.1", ok=False)
    t["namespaces"]["switch"]["fdb"] = fdb
    machine.apply(t)
    machine.sh("bridge -n switch fdb del 02:00:5e:10:09:02 dev desk master")
    machine.ping("desk", "10.0.9.1")
