# SPDX-License-Identifier: MIT
"""Routes of other programs with the destination, metric and table of one of ours: a new one of ours is not created
where they are; what they add next to an existing one is reported and left alone, and ours stays, or is restored."""
import json
import subprocess

import pytest
from fault import HOLD
from machine import NETNSCTL, wait_for
from monitor import log

HOPS = {"ipv4": ("10.5.0.0/16", "10.0.0."), "ipv6": ("fd05::/64", "fd00::")}
# What another program may add: its arguments, and how it is reported.
OTHERS = {
    "dhcp": "via {hop}9 proto dhcp",
    "by hand": "via {hop}9",
    "ospf": "via {hop}9 proto ospf",
    "a number": "via {hop}9 proto 142",
    "blackhole": "blackhole",
    "next hops": "proto static nexthop via {hop}8 nexthop via {hop}9",
    "of an interface": "dev e1 proto static",
}


def topology(place, *routes):
    body = {"interfaces": {"e0": {"kind": "veth", "peer": "e1", "addresses": ["10.0.0.1/24", "fd00::1/64"]},
                           "e1": {"addresses": ["10.1.0.1/24", "fd01::1/64"]}}, "routes": list(routes)}
    if place == "host":
        return {"host": body}
    return {"namespaces": {"ns1": body | ({"existing": True} if place == "existing" else {})}}


class Place:
    """A family in a namespace of ours, of others, or on the host."""

    def __init__(self, machine, place, family):
        self.machine, self.place, self.family = machine, place, family
        self.to, self.hop = HOPS[family]
        self.command = ("ip " if place == "host" else "ip -n ns1 ") + ("-6" if family == "ipv6" else "-4")
        self.name = "host" if place == "host" else "ns1"

    def ours(self, *hops, **more):
        to = [{"via": f"{self.hop}{hop}"} for hop in hops]
        return {"to": self.to, **(to[0] if len(to) == 1 else {"nexthops": to}), **more}

    def apply(self, *routes, **more):
        return self.machine.apply(topology(self.place, *routes), **more)

    def route(self, verb, words):
        kind, _, rest = words.partition(" ") if words.startswith("blackhole") else ("", "", words)
        self.machine.sh(f"{self.command} route {verb} {kind} {self.to} {rest.format(hop=self.hop)}")

    def shown(self):
        """Where each of them leads, next hop by next hop."""
        out = self.machine.sh(f"{self.command} -j route show {self.to} || test ! -e /run/netns/ns1")
        return [hop.get("gateway", hop.get("dev", r.get("type"))) for r in json.loads(out.strip() or "[]") for hop in r.get("nexthops", [r])]

    def hops(self):
        return sorted(self.shown())

    def drift(self):
        return self.machine.status().get("drift")

    def told(self):
        return [e["message"] for e in log(self.machine) if e["event"] == "drift" and "beside it" in e["message"]]


@pytest.fixture(params=[(place, family) for place in ("ns1", "host", "existing") for family in HOPS], ids="-".join)
def at(machine, request):
    place, family = request.param
    if place == "existing":
        machine.sh("ip netns add ns1; ip -n ns1 link set lo up")
    yield Place(machine, place, family)
    machine.ctl("down", "lab", code=None)
    machine.sh("ip netns del ns1" if place == "existing" else "true")


@pytest.mark.parametrize("words", OTHERS.values(), ids=OTHERS)
def test_in_the_way_of_a_new_one(at, words):
    """Plan and apply say whose it is, where it leads, and how to remove it; that then helps."""
    at.apply()
    at.route("add", words)
    before = at.machine.snapshot()
    path = at.machine.file(topology(at.place, at.ours(2)))
    for command in "plan", "apply":
        error = at.machine.ctl(command, path, code=1).stderr
        assert f"route {at.name} {at.to}: a " in error and "route of proto " in error and "netnsd leaves it alone" in error, error
        if "proto" in words:
            assert f"route of proto {words.partition('proto ')[2].split()[0]} " in error
        for word in words.format(hop=at.hop).split():
            assert word in error.partition(f"{at.to}: a ")[2], (word, error)
    at.machine.assert_same(before)
    remedy = error.partition('remove it with "')[2].partition('"')[0]
    at.machine.sh(remedy)
    assert at.hops() == []
    at.machine.ctl("apply", path)
    assert at.hops() == [f"{at.hop}2"]


def test_of_an_address(at):
    """The route that came with an address of others."""
    if at.place == "ns1":
        pytest.skip("there all addresses of an interface are listed")
    at.machine.sh(f"{'' if at.place == 'host' else 'ip netns exec ns1 '}ip link add x0 type bridge; "
                  f"{at.command} link set x0 up; {at.command} addr add {'10.5.0.1/16' if at.family == 'ipv4' else 'fd05::1/64'} dev x0")
    at.apply()
    error = at.apply(at.ours(2, metric=0 if at.family == "ipv4" else 256), code=1).stderr
    assert "a route of proto kernel dev x0 already exists" in error and "comes with an address" in error
    at.machine.sh(f"{at.command} link del x0")


@pytest.mark.parametrize("drift", ["heal", "report"])
def test_of_an_address_that_leaves(at, drift):
    """Somebody added it to an interface of ours that is going to be removed: nothing is in the way."""
    t = topology(at.place, at.ours(2, metric=0 if at.family == "ipv4" else 256)) | {"on_drift": drift}
    before = topology(at.place) | {"on_drift": drift}
    at.machine.apply(before)
    at.machine.sh(f"{at.command} addr add {'10.5.0.1/16' if at.family == 'ipv4' else 'fd05::1/64'} dev e0")
    at.machine.apply(t)
    assert at.hops() == [f"{at.hop}2"] and not at.told()


@pytest.mark.parametrize("hops", [(2,), (2, 3)], ids=["one hop", "two hops"])
@pytest.mark.parametrize("verb", ["append", "prepend"])
@pytest.mark.parametrize("words", [OTHERS["dhcp"], OTHERS["by hand"]], ids=["dhcp", "by hand"])
def test_beside(at, hops, verb, words):
    if at.family == "ipv6" and verb == "prepend":
        verb = "append"
    at.apply(at.ours(*hops))
    ours = [f"{at.hop}{hop}" for hop in hops]
    at.route(verb, words)
    wait_for(at.told)
    assert f"{at.hop}9" in at.told()[-1] and "ip " in at.told()[-1]
    assert f"{at.hop}9" in at.drift()[0]["actual"] and f"{at.hop}9" not in at.drift()[0]["expected"]
    assert at.hops() == sorted([*ours, f"{at.hop}9"])
    # Again: there is nothing to do, and nothing is done.
    assert at.apply(at.ours(*hops)).stdout == "lab: unchanged\n"
    assert at.hops() == sorted([*ours, f"{at.hop}9"])
    # Ours is removed.
    if at.family == "ipv6":
        at.route("del", f"via {at.hop}2")
    else:
        at.route("del", "proto 78")
    wait_for(lambda: at.hops() == sorted([*ours, f"{at.hop}9"]))
    # A restart finds it next to ours, too.
    told = len(at.told())
    at.machine.restart()
    wait_for(lambda: len(at.told()) > told)
    # It goes.
    at.route("del", words)
    wait_for(lambda: not at.drift())
    assert at.hops() == sorted(ours)
    at.route(verb, words)
    at.apply()
    assert at.hops() == [f"{at.hop}9"]


def test_replaced(at):
    """With "ip route replace" theirs takes the place of ours: then both exist."""
    at.apply(at.ours(2))
    at.route("replace", OTHERS["by hand"])
    wait_for(lambda: at.hops() == [f"{at.hop}2", f"{at.hop}9"])
    wait_for(at.told)
    at.machine.ctl("wait", "lab")
    assert at.apply(at.ours(2)).stdout == "lab: unchanged\n"
    if at.family == "ipv4":
        assert at.shown()[0] == "10.0.0.2"


def test_the_same_way(at):
    """IPv6 cannot have one next hop twice: ours cannot be created while theirs exists, and that is reported at once."""
    at.apply(at.ours(2))
    at.route("replace", "via {hop}2 proto static")
    if at.family == "ipv4":
        wait_for(lambda: at.hops() == ["10.0.0.2", "10.0.0.2"])
        return
    wait_for(lambda: "failed" in [e["event"] for e in log(at.machine)])
    for command in "plan", "apply":
        error = at.machine.ctl(command, at.machine.file(topology(at.place, at.ours(2))), code=1).stderr
        assert "a route of proto static via fd00::2 dev e0 already exists" in error and "nothing was touched" in error
    at.route("del", "via {hop}2 proto static")
    wait_for(lambda: at.machine.apply(topology(at.place, at.ours(2)), code=None).stdout == "lab: unchanged\n")
    assert at.hops() == ["fd00::2"]


def test_changed_beside(at):
    """A changed route of ours is as good as a new one; a rollback leads to what existed before."""
    at.apply(at.ours(2))
    at.apply(at.ours(3))
    at.route("append", OTHERS["dhcp"])
    wait_for(at.told)
    error = at.apply(at.ours(4), code=1).stderr
    assert f"a route of proto dhcp via {at.hop}9" in error or f"another program via {at.hop}9" in error
    assert at.hops() == [f"{at.hop}3", f"{at.hop}9"]
    at.machine.ctl("rollback", "lab")
    assert at.hops() == [f"{at.hop}2", f"{at.hop}9"]
    at.machine.ctl("rollback", "lab")
    assert at.hops() == [f"{at.hop}3", f"{at.hop}9"]
    at.machine.ctl("down", "lab")
    assert not {f"{at.hop}2", f"{at.hop}3"} & set(at.hops())


def test_not_confirmed(at):
    at.apply(at.ours(2, 5))
    at.machine.ctl("apply", "--confirm", "2", at.machine.file(topology(at.place, at.ours(3))))
    at.route("append", OTHERS["dhcp"])
    wait_for(lambda: at.hops() == [f"{at.hop}2", f"{at.hop}5", f"{at.hop}9"])
    assert at.apply(at.ours(2, 5)).stdout == "lab: unchanged\n"


@pytest.mark.parametrize("protocol", ["bgp", "dhcp"])
@pytest.mark.parametrize("family", HOPS)
def test_appears_in_the_middle_of_an_apply(bare, fault, family, protocol):
    """At each of its system calls: what the kernel refuses then is named, and ours is restored."""
    at = Place(bare, "ns1", family)
    bare.start(environment=fault.environment)
    at.apply(at.ours(2))
    new, old = topology("ns1", at.ours(3)), [f"{at.hop}2"]

    def is_held():
        return " T " in (bare.root / f"proc/{pid}/stat").read_text()
    pid, refused = bare.pid(), 0
    for call in range(1, 1000):
        fault.arm(HOLD, at=call)
        client = bare.popen(NETNSCTL, "apply", bare.file(new), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        wait_for(lambda c=client: is_held() or c.poll() is not None)
        if not is_held():
            client.communicate()
            fault.disarm()
            break
        at.route("append", f"via {at.hop}9 proto {protocol}")
        bare.resume()
        error = client.communicate(timeout=30)[1]
        if client.returncode:
            refused += 1
            assert f"{at.hop}9" in error and f"proto {protocol}" in error and "rollback also failed" not in error, error
            assert at.hops() == [*old, f"{at.hop}9"], call
        else:
            assert at.hops() == [f"{at.hop}3", f"{at.hop}9"], call
        fault.disarm()
        at.route("del", f"via {at.hop}9 proto {protocol}")
        at.apply(at.ours(2))
        assert at.hops() == old
    assert call > 5 and refused


def test_beside_a_full_table(bare):
    """The table of a routing daemon is read only when a route of ours has to be created, and its events are never
    received."""
    bare.start()
    at = Place(bare, "ns1", "ipv4")
    at.apply(at.ours(2))
    batch = bare.folder / "routes"
    batch.write_text("".join(f"route add 11.{i >> 8}.{i & 255}.0/24 via 10.0.0.2 proto bgp\n" for i in range(20000)))
    bare.sh(f"ip -n ns1 -batch {batch}")
    at.route("append", "via {hop}9 proto bgp")
    bare.sh("ip -n ns1 addr add 10.77.0.1/24 dev e0")
    wait_for(lambda: "10.77.0.1/24" not in bare.addresses("ns1", "e0"))
    assert at.told() == []
    error = at.apply(at.ours(2), {"to": "11.0.7.0/24", "via": "10.0.0.3"}, code=1).stderr
    assert "route ns1 11.0.7.0/24: a route of proto bgp via 10.0.0.2 dev e0 already exists" in error
    at.route("append", "via {hop}8 proto dhcp")
    wait_for(at.told)
    assert len(bare.sh("ip -n ns1 route show proto bgp").splitlines()) == 20001
