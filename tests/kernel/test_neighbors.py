# SPDX-License-Identifier: MIT
"""Neighbours whose MAC address is given, and those that are answered for: created, read back, changed, healed and removed,
next to what the kernel learns and to those of other programs."""
import json
import re

import pytest
from machine import EXAMPLES, wait_for
from monitor import events
from topologies import everyday

UNCHANGED = "lab: unchanged\n"
MAC = "02:00:00:00:00:09"
# The fields of a neighbour, and what "ip neigh" shows of each.
FIELDS = {
    "ipv4": ({"address": "10.0.0.9"}, {"lladdr": MAC, "state": ["PERMANENT"]}),
    "ipv6": ({"address": "2001:db8::9"}, {"lladdr": MAC}),
    "link-local": ({"address": "fe80::9"}, {"lladdr": MAC}),
    "router": ({"address": "2001:db8::9", "router": True}, {"router": None}),
    "router, ipv4": ({"address": "10.0.0.9", "router": True}, {"router": None}),
    "group address": ({"address": "10.0.0.9", "mac": "03:BF:0A:00:00:09"}, {"lladdr": "03:bf:0a:00:00:09"}),
    "in no network": ({"address": "198.51.100.9"}, {"lladdr": MAC}),
    "proxy": ({"address": "10.0.0.9", "mac": None, "proxy": True}, {"proxy": None}),
    "proxy 6": ({"address": "2001:db8::9", "mac": None, "proxy": True}, {"proxy": None}),
    "proxy router": ({"address": "2001:db8::9", "mac": None, "proxy": True, "router": True}, {"router": None}),
    "no proxy": ({"address": "10.0.0.9", "proxy": False}, {"lladdr": MAC}),
}


def topology(place, *neighbors, **more):
    t = everyday()
    if place == "existing":
        t["namespaces"]["old"] = {"existing": True, "interfaces": {"old0": {}}}
    netns = {"ns1": t["namespaces"]["ns1"], "host": t["host"], "existing": t["namespaces"].get("old")}[place]
    netns["neighbors"] = list(neighbors)
    return {**t, **more}


class Place:
    def __init__(self, machine, place):
        self.machine, self.place = machine, place
        self.netns, self.dev = {"ns1": ("ns1", "veth-ns"), "host": (None, "veth-host"), "existing": ("old", "old0")}[place]
        self.command = f"ip -n {self.netns}" if self.netns else "ip"
        self.name = self.netns or "host"

    def one(self, **fields):
        return {k: v for k, v in {"address": "10.0.0.9", "dev": self.dev, "mac": MAC, **fields}.items() if v is not None}

    def topology(self, *neighbors, **more):
        return topology(self.place, *neighbors, **more)

    def apply(self, *neighbors, **more):
        return self.machine.apply(self.topology(*neighbors), **more)

    def plan(self, *neighbors, **more):
        return self.machine.ctl("plan", self.machine.file(self.topology(*neighbors)), **more)

    def neigh(self, words):
        self.machine.sh(f"{self.command} neigh {words}")

    def neighbors(self):
        """All that somebody made, the proxies last."""
        at = self.machine.at(self.netns)
        return (self.machine.ip(*at, "neigh", "show", "dev", self.dev, "nud", "permanent") +
                self.machine.ip(*at, "neigh", "show", "proxy", "dev", self.dev))

    def ours(self):
        return [n for n in self.neighbors() if n.get("protocol") in (78, "78", "netnsd")]


@pytest.fixture(params=["ns1", "host", "existing"])
def at(machine, request):
    if request.param == "existing":
        machine.sh("ip netns add old; ip -n old link set lo up; ip -n old link add old0 type veth peer old1; "
                   "ip -n old link set old0 up; ip -n old link set old1 up; ip -n old addr add 10.0.0.200/24 dev old0")
    yield Place(machine, request.param)
    machine.ctl("down", "lab", code=None)
    machine.sh("ip netns del old" if request.param == "existing" else "true")


@pytest.mark.parametrize("fields, shown", FIELDS.values(), ids=FIELDS)
def test_field(at, fields, shown):
    """Created, read back, healed, changed, removed, rolled back."""
    at.apply()
    before = at.machine.snapshot()
    one = at.one(**fields)
    at.apply(one)
    found, = at.ours()
    assert {k: found.get(k, "-") for k in shown} == shown and found["dst"] == fields["address"]
    assert at.apply(one).stdout == UNCHANGED
    there = at.machine.snapshot()
    at.neigh(f"del {'proxy ' if fields.get('proxy') else ''}{fields['address']} dev {at.dev}")
    if fields.get("proxy"):
        # The kernel says nothing of a proxy that goes: what else happens to its interface has it observed.
        at.machine.sh(f"{at.command} link set {at.dev} txqueuelen 999")
    wait_for(lambda: "healed" in events(at.machine))
    at.machine.sh(f"{at.command} link set {at.dev} txqueuelen 1000")
    at.machine.assert_same(there)
    at.apply(at.one(address="10.0.0.10"))
    assert [n["dst"] for n in at.ours()] == ["10.0.0.10"]
    at.apply()
    at.machine.assert_same(before)
    at.machine.ctl("rollback", "lab")
    assert [n["dst"] for n in at.ours()] == ["10.0.0.10"]


CHANGES = {
    "mac": ({}, {"mac": "02:00:00:00:00:10"}, "~ neighbor {name} 10.0.0.9 dev {dev} mac 02:00:00:00:00:09 → 02:00:00:00:00:10"),
    "router": ({"address": "2001:db8::9"}, {"address": "2001:db8::9", "router": True},
               f"~ neighbor {{name}} 2001:db8::9 lladdr {MAC} dev {{dev}} router false → true"),
}


@pytest.mark.parametrize("before, after, line", CHANGES.values(), ids=CHANGES)
def test_change_in_place(at, before, after, line):
    at.apply(at.one(**before))
    out = at.plan(at.one(**after)).stdout
    assert line.format(name=at.name, dev=at.dev) in " ".join(out.split()), out
    at.apply(at.one(**after))
    assert at.apply(at.one(**after)).stdout == UNCHANGED
    at.apply(at.one(**before))
    assert at.apply(at.one(**before)).stdout == UNCHANGED


DRIFTS = {
    "another mac": "replace 10.0.0.9 lladdr 02:00:00:00:00:77 dev {dev} nud permanent",
    "by a mark of its own": "replace 10.0.0.9 lladdr {mac} dev {dev} nud permanent protocol static",
    "not permanent any more": "replace 10.0.0.9 lladdr {mac} dev {dev} nud stale",
    "a router": "replace 10.0.0.9 lladdr {mac} dev {dev} nud permanent router",
    "learned": "replace 10.0.0.9 lladdr {mac} dev {dev} nud permanent extern_learn",
    "flushed": "flush dev {dev} nud permanent",
    "removed, and another one": "del 10.0.0.9 dev {dev}; {command} neigh add 10.0.0.9 lladdr 02:00:00:00:00:77 dev {dev} nud permanent",
    "removed, and the same": "del 10.0.0.9 dev {dev}; {command} neigh add 10.0.0.9 lladdr {mac} dev {dev} nud permanent",
}


@pytest.mark.parametrize("words", DRIFTS.values(), ids=DRIFTS)
def test_drift(at, words):
    at.apply(at.one())
    there = at.machine.snapshot()
    # Two commands are not interrupted by a repair.
    at.machine.pause()
    at.neigh(words.format(dev=at.dev, mac=MAC, command=at.command))
    at.machine.resume()
    if "protocol" in words:
        # Only events of neighbours with our protocol are heard.
        at.machine.sh(f"{at.command} link set {at.dev} txqueuelen 999; {at.command} link set {at.dev} txqueuelen 1000")
    wait_for(lambda: at.machine.snapshot() == there)


LOSSES = {
    "link down and up": "link set {dev} down; {command} link set {dev} up",
    "link down": "link set {dev} down",
    "another MAC address": "link set {dev} address 02:00:00:00:00:55",
    "arp off and on": "link set {dev} arp off; {command} link set {dev} arp on",
    "without IPv6 for a moment": "link set {dev} mtu 1200; {command} link set {dev} mtu 1500",
}


@pytest.mark.parametrize("words", LOSSES.values(), ids=LOSSES)
def test_lost_with_what_the_link_loses(at, words):
    """The kernel removes the neighbours of an interface that goes down, and proxies without a word."""
    if at.place == "existing" and words == "link set {dev} down":
        pytest.skip("that it is up is not declared")
    at.apply(at.one(), at.one(address="2001:db8::9"), at.one(address="10.0.0.8", mac=None, proxy=True),
             at.one(address="2001:db8::8", mac=None, proxy=True))
    expected = sorted(str(n) for n in at.ours())
    assert len(expected) == 4
    at.machine.sh(f"{at.command} {words.format(dev=at.dev, command=at.command)}")
    wait_for(lambda: sorted(str(n) for n in at.ours()) == expected)


def test_without_carrier(machine):
    """They stay: that nobody is at the other end is no drift."""
    machine.sh("ip netns add old; ip -n old link add old0 type veth peer old1; ip -n old link set old0 up; ip -n old link set old1 up")
    at = Place(machine, "existing")
    wanted = at.one(), at.one(address="10.0.0.8", mac=None, proxy=True), at.one(address="2001:db8::8", mac=None, proxy=True)
    at.apply(*wanted)
    assert len(at.ours()) == 3
    machine.sh("ip -n old link set old1 down")
    wait_for(lambda: "LOWER_UP" not in machine.link("old", "old0")["flags"])
    assert at.apply(*wanted).stdout == UNCHANGED
    assert len(at.ours()) == 3 and "drift" not in events(machine)
    machine.ctl("down", "lab")
    machine.sh("ip netns del old")


def test_with_a_change_of_the_link(at):
    """What a step of the same apply removes of them is there again at its end; what leaves may be gone already."""
    if at.place == "existing":
        pytest.skip("its interface belongs to others")
    kept = [at.one(), at.one(address="2001:db8::9"), at.one(address="10.0.0.8", mac=None, proxy=True)]
    at.apply(*kept, at.one(address="10.0.0.10"), at.one(address="10.0.0.11", mac=None, proxy=True))
    t = at.topology(*kept)
    body = t["host"] if at.place == "host" else t["namespaces"]["ns1"]
    body["interfaces"][at.dev]["mac"] = "02:00:00:00:00:66"
    at.machine.apply(t)
    assert sorted(n["dst"] for n in at.ours()) == ["10.0.0.8", "10.0.0.9", "2001:db8::9"]
    assert at.machine.apply(t).stdout == UNCHANGED
    body["interfaces"][at.dev]["up"] = False
    body.pop("routes", None)
    at.machine.apply(t)
    assert at.machine.apply(t).stdout == UNCHANGED
    at.machine.ctl("rollback", "lab")
    assert sorted(n["dst"] for n in at.ours()) == ["10.0.0.8", "10.0.0.9", "2001:db8::9"]


def test_in_the_words_of_ip(at):
    out = at.plan(at.one(), at.one(address="2001:db8::9", router=True), at.one(address="10.0.0.8", mac=None, proxy=True)).stdout
    lines = [" ".join(line.split()) for line in out.splitlines() if "neighbor" in line]
    assert lines == [f"+ neighbor {at.name} 10.0.0.9 lladdr {MAC} dev {at.dev}",
                     f"+ neighbor {at.name} 2001:db8::9 lladdr {MAC} dev {at.dev} router",
                     f"+ neighbor {at.name} proxy 10.0.0.8 dev {at.dev}"], out
    at.apply(at.one())
    assert f"- neighbor {at.name} 10.0.0.9 lladdr {MAC} dev {at.dev}" in " ".join(at.plan().stdout.split())


def test_what_the_kernel_has_learned_is_in_nobodys_way(at):
    at.apply()
    for state in "reachable", "stale", "failed", "noarp":
        at.neigh(f"replace 10.0.0.9 lladdr 02:00:00:00:00:44 dev {at.dev} nud {state}")
        at.apply(at.one())
        assert [n["lladdr"] for n in at.ours()] == [MAC]
        at.apply()
        assert not at.neighbors()


@pytest.mark.parametrize("proxy", [False, True])
def test_foreign_one_is_in_the_way(at, proxy):
    """Plan and apply name the command that helps, and it does."""
    at.apply()
    at.neigh("add proxy 10.0.0.9 dev " + at.dev if proxy else f"add 10.0.0.9 lladdr 02:00:00:00:00:44 dev {at.dev} nud permanent")
    before = at.machine.snapshot()
    wanted = at.one(mac=None, proxy=True) if proxy else at.one()
    for error in at.plan(wanted, code=1).stderr, at.apply(wanted, code=1).stderr:
        assert "belongs to another program" in error, error
        # It never had our mark.
        assert "mark" not in error and "lost" not in error, error
    at.machine.assert_same(before)
    at.machine.sh(error.partition('remove it with "')[2].partition('"')[0])
    at.apply(wanted)
    assert len(at.ours()) == len(at.neighbors()) == 1


def test_foreign_ones_stay(at):
    at.apply(at.one())
    at.neigh(f"add 10.0.0.7 lladdr 02:00:00:00:00:44 dev {at.dev} nud permanent; {at.command} neigh add proxy 10.0.0.9 dev {at.dev}")
    assert at.apply(at.one()).stdout == UNCHANGED
    at.apply(at.one(mac="02:00:00:00:00:10"))
    at.apply()
    assert sorted(n["dst"] for n in at.neighbors()) == ["10.0.0.7", "10.0.0.9"] and not at.ours()
    at.machine.ctl("down", "lab")
    if at.place == "existing":
        assert sorted(n["dst"] for n in at.neighbors()) == ["10.0.0.7", "10.0.0.9"]


def test_proxy_and_neighbour_of_one_address(at):
    both = at.one(), at.one(mac=None, proxy=True)
    at.apply(*both)
    assert len(at.ours()) == 2
    assert at.apply(*both).stdout == UNCHANGED
    at.apply(both[0])
    assert [n.get("lladdr") for n in at.ours()] == [MAC]


def test_report(at):
    at.machine.apply(at.topology(at.one(), on_drift="report"))
    at.neigh(f"del 10.0.0.9 dev {at.dev}")
    wait_for(lambda: at.machine.status().get("drift"))
    assert not at.ours()
    drift = at.machine.status()["drift"][0]
    assert drift["kind"] == "neighbor" and "10.0.0.9" in str(drift), drift


@pytest.mark.parametrize("place", ["ns1", "host"])
def test_refused_at_each_step(bare, fault, place):
    """Whatever message the kernel refuses: the neighbours are as they were, those of others too."""
    bare.start(environment=fault.environment)
    here = Place(bare, place)
    bare.apply(here.topology(here.one(), here.one(address="2001:db8::9", router=True), here.one(address="10.0.0.8", mac=None, proxy=True)))
    here.neigh(f"add 10.0.0.7 lladdr 02:00:00:00:00:44 dev {here.dev} nud permanent")
    before = bare.snapshot()
    after = here.topology(here.one(mac="02:00:00:00:00:10"), here.one(address="2001:db8::9"),
                          here.one(address="10.0.0.9", mac=None, proxy=True), here.one(address="10.0.0.10"))
    fault.refuse_each_message(bare, after, lambda: bare.assert_same(before))
    here.neigh(f"del 10.0.0.7 dev {here.dev}")
    bare.ctl("down", "lab")


def test_two_topologies(at):
    """The same neighbour is refused with both names; each removes its own."""
    if at.place == "ns1":
        pytest.skip("a namespace belongs to one topology")

    def one(*neighbors):
        body = {"interfaces": {at.dev: {}}, "neighbors": list(neighbors)}
        return {"host": body} if at.place == "host" else {"namespaces": {"old": {"existing": True, **body}}}
    at.apply(at.one())
    at.machine.apply(one(at.one(address="10.0.0.10")), "second")
    error = at.machine.apply(one(at.one()), "third", code=1).stderr
    assert "lab" in error, error
    at.machine.ctl("down", "second")
    assert [n["dst"] for n in at.ours()] == ["10.0.0.9"]
    assert at.apply(at.one()).stdout == UNCHANGED


def test_adopt(at):
    """Neighbours of others become ours; a difference refuses it."""
    at.apply()
    at.machine.ctl("down", "lab")
    at.machine.sh("ip netns add ns1; ip -n ns1 link set lo up; ip link add veth-host type veth peer veth-ns netns ns1; "
                  "ip addr add 10.0.0.1/24 dev veth-host; ip link set veth-host up; ip -n ns1 addr add 10.0.0.2/24 dev veth-ns; "
                  "ip -n ns1 link set veth-ns up; ip -n ns1 route add default via 10.0.0.1")
    at.neigh(f"add 10.0.0.9 lladdr {MAC} dev {at.dev} nud permanent; {at.command} neigh add proxy 10.0.0.8 dev {at.dev}; "
             f"{at.command} neigh add 10.0.0.7 lladdr {MAC} dev {at.dev} nud permanent")
    proxy = at.one(address="10.0.0.8", mac=None, proxy=True)
    error = at.machine.ctl("adopt", at.machine.file(at.topology(at.one(mac="02:00:00:00:00:10"), proxy)), code=1).stderr
    assert "neighbor" in error and "would have to be changed" in error, error
    assert not at.ours()
    at.machine.ctl("adopt", at.machine.file(at.topology(at.one(), proxy)))
    assert sorted(n["dst"] for n in at.ours()) == ["10.0.0.8", "10.0.0.9"]
    assert at.apply(at.one(), proxy).stdout == UNCHANGED
    at.apply()
    assert [n["dst"] for n in at.neighbors()] == ["10.0.0.7"]
    at.machine.ctl("down", "lab")


def test_restart(at):
    at.apply(at.one(), at.one(address="10.0.0.8", mac=None, proxy=True))
    there = at.machine.snapshot()
    at.machine.restart()
    assert at.apply(at.one(), at.one(address="10.0.0.8", mac=None, proxy=True)).stdout == UNCHANGED
    at.machine.assert_same(there)
    at.neigh(f"del 10.0.0.9 dev {at.dev}")
    wait_for(lambda: len(at.ours()) == 2)


def test_status(at):
    """In the words of ip-neighbour(8), and none of other programs."""
    at.apply(at.one(), at.one(address="10.0.0.8", mac=None, proxy=True))
    at.neigh(f"add 10.0.0.7 lladdr {MAC} dev {at.dev} nud permanent")
    shown, = [n["neighbors"] for n in at.machine.call("Status", name="lab")["namespaces"] if n["name"] == at.name]
    assert sorted(shown) == [f"10.0.0.9 lladdr {MAC} dev {at.dev}", f"proxy 10.0.0.8 dev {at.dev}"]
    assert f"neighbor 10.0.0.9 lladdr {MAC} dev {at.dev}" in at.machine.ctl("status", "lab").stdout


def test_what_is_learned_is_not_heard(bare):
    """A thousand dynamic entries come and go, and nothing is read; one of ours that goes is."""
    bare.start(strace=True)

    def asked():
        return len(re.findall(r"nlmsg_type=(?:RTM_GETNEIGH|0x1e)\b", (bare.folder / "trace").read_text()))
    bare.apply(everyday())
    assert not asked()
    here = Place(bare, "ns1")
    bare.apply(here.topology(here.one()))
    wait_for(lambda: bare.apply(here.topology(here.one())).stdout == UNCHANGED)
    before = asked()
    assert before
    bare.sh("for i in $(seq 4); do for n in $(seq 250); do for a in add del; do echo neigh $a 10.0.$i.$n lladdr 02:00:00:00:00:44 "
            "dev veth-ns nud reachable; done; done; done | sed 's/\\(neigh del.*\\) lladdr.*/\\1 dev veth-ns/' | ip -n ns1 -batch -")
    assert bare.apply(here.topology(here.one())).stdout == UNCHANGED
    assert asked() - before <= 4, asked() - before
    here.neigh(f"del 10.0.0.9 dev {here.dev}")
    wait_for(here.ours)
    bare.ctl("down", "lab")


def test_packets(machine):
    """Nobody answers for the neighbour: a packet leaves all the same, with its MAC address. Of the proxy, ARP gets an answer."""
    t = json.loads((EXAMPLES / "proxy-neighbors.json").read_text())
    machine.apply(t)
    for address in "198.51.100.20", "2001:db8:100::20":
        machine.ping("provider", address)
    neighbors = t["namespaces"]["server"].pop("neighbors")
    machine.apply(t)
    machine.sh("ip -n provider neigh flush all")
    for address in "198.51.100.20", "2001:db8:100::20":
        machine.ping("provider", address, ok=False)
    t["namespaces"]["server"]["neighbors"] = neighbors
    machine.apply(t)
    machine.sh("ip -n server link set uplink down; ip -n server link set uplink up")
    wait_for(lambda: events(machine)[-1] == "healed")
    machine.sh("ip -n provider neigh flush all")  # an answer that nobody gave is not asked for again for a second
    for address in "198.51.100.20", "2001:db8:100::20":
        machine.ping("provider", address)
