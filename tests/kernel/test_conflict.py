# SPDX-License-Identifier: MIT
"""Objects of others where a topology's objects are, or are to be: nothing of theirs is touched, the error says whose it
is, and nothing of ours is lost."""
import signal
import subprocess

import pytest
from fault import HOLD
from machine import NETNSCTL, wait_for
from topologies import everyday, many
from varlink import VarlinkError



IN_THE_WAY = {
    "namespace": ("ip netns add ns199", "namespace ns199", "ip netns del ns199"),
    "link": ("ip link add vh199 type bridge", "link ns199/eth0", "ip link del vh199"),
}


@pytest.mark.parametrize("make, words, remove", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_appears_in_the_middle_of_an_apply(bare, fault, make, words, remove):
    """It appears after the observation, and before its name is needed."""
    bare.start(environment=fault.environment)
    fault.arm(HOLD, at=100)
    client = bare.popen(NETNSCTL, "apply", bare.file(many(200)), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    bare.stands_still()
    bare.sh(make)
    bare.resume()
    error = client.communicate(timeout=30)[1]
    assert client.returncode == 1 and words in error and "already exists" in error, error
    assert "everything is as it was before" in error, error
    bare.sh(remove)
    bare.assert_same(bare.at_first)
    bare.apply(many(200))


NO_NAMESPACE = {
    "symlink": "ip netns add other; ln -s /run/netns/other /run/netns/ns1",
    "dangling symlink": "mkdir -p /run/netns; ln -s nowhere /run/netns/ns1",
    "directory": "mkdir -p /run/netns/ns1",
    "fifo": "mkdir -p /run/netns; mkfifo /run/netns/ns1",
    "text": "mkdir -p /run/netns; echo text >/run/netns/ns1",
    "namespace of another type": "mkdir -p /run/netns; touch /run/netns/ns1; mount --bind /proc/self/ns/uts /run/netns/ns1",
}


@pytest.mark.parametrize("make", NO_NAMESPACE.values(), ids=NO_NAMESPACE)
@pytest.mark.parametrize("existing", [False, True], ids=["made", "existing"])
def test_name_that_is_no_network_namespace(machine, make, existing):
    machine.sh(make)
    listing = machine.sh("ls -il /run/netns")
    t = everyday()
    if existing:
        t["namespaces"]["ns1"]["existing"] = True
    error = machine.apply(t, code=1).stderr
    if existing:
        assert "waits for namespace ns1" in error and "its name refers to something that is not a network namespace" in error, error
    else:
        assert "ns1 belongs to another program" in error, error
    assert machine.sh("ls -il /run/netns") == listing and machine.links() == ["lo"]
    machine.sh("umount -l /run/netns/ns1 2>/dev/null || true; rm -rf /run/netns/ns1; ip netns del other 2>/dev/null || true")
    if existing:
        machine.sh("ip netns add ns1")
        wait_for(lambda: machine.status()["state"] == "up")
        machine.ctl("down", "lab")
        machine.sh("ip netns del ns1")


# At once, or ours would get its name back first.
COVER = "ip netns add theirs; ip -n theirs link add x type bridge; mount --bind /run/netns/theirs /run/netns/ns1"


def assert_theirs(machine):
    for name in "theirs", "ns1":
        assert machine.links(name) == ["lo", "x"] and "UP" not in machine.link(name, "lo")["flags"]


def test_name_that_means_another_namespace(machine):
    """Ours is held, theirs is left alone; when theirs goes, ours is as it was."""
    machine.apply(everyday())
    inode = machine.inode("ns1")
    machine.sh(COVER)
    wait_for(lambda: machine.status()["state"] == "failed")
    problem = machine.status()["problem"]["message"]
    assert "namespace ns1 already exists and belongs to another program" in problem, problem
    assert_theirs(machine)
    assert "healed" not in machine.log()
    machine.sh("ip addr del 10.0.0.1/24 dev veth-host")
    wait_for(lambda: machine.addresses(None, "veth-host") == ["10.0.0.1/24"])
    assert machine.status()["state"] == "failed"
    machine.sh("umount -l /run/netns/ns1; ip netns del theirs")
    wait_for(lambda: machine.status()["state"] == "up")
    assert machine.inode("ns1") == inode
    machine.ping("ns1", "10.0.0.1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_name_that_means_another_namespace_after_a_restart(machine, number):
    """Then nothing holds ours any more: it is recreated when theirs has gone, of which no event tells."""
    machine.apply(everyday())
    machine.stop(number)
    machine.sh("ip netns del ns1; ip netns add ns1; ip -n ns1 link add x type bridge; touch /run/netns/theirs;"
               "mount --bind /run/netns/ns1 /run/netns/theirs")
    machine.start()
    assert machine.status()["state"] == "failed"
    assert "belongs to another program" in machine.status()["problem"]["message"]
    assert_theirs(machine)
    machine.unname("ns1")
    machine.sh("ip netns del theirs")
    wait_for(lambda: machine.status()["state"] == "up")
    assert machine.links("ns1") == ["lo", "veth-ns"]
    machine.ping("ns1", "10.0.0.1")


def test_down_of_a_name_that_means_another_namespace(machine):
    machine.apply(everyday())
    machine.sh(COVER)
    machine.ctl("down", "lab")
    assert machine.links("ns1") == ["lo", "x"] and machine.links() == ["lo"]
    machine.sh("umount -l /run/netns/ns1; ip netns del ns1; ip netns del theirs")


def test_what_is_only_observed_is_not_held(machine):
    """A namespace of others lives no longer because we have shown it."""
    machine.sh("ip netns add theirs; ip -n theirs link add x type veth peer name y netns 1")
    t = {"namespaces": {"theirs": {"existing": True, "sysctl": {"net.ipv4.ip_default_ttl": 63}}}}
    machine.apply(t)
    machine.ctl("plan", machine.file(t))
    machine.ctl("status", "lab")
    # Only an observation that is under way is in the way.
    wait_for(lambda: machine.run("umount", "/run/netns/theirs", code=None).returncode == 0)
    machine.sh("rm /run/netns/theirs")
    wait_for(lambda: machine.links() == ["lo"])


def test_both_owners_are_named(machine):
    """Each claim of two topologies on one thing: who owns it, and who asked."""
    machine.sh("ip link add wan type veth peer name isp")
    wan = {"host": {"interfaces": {"wan": {"mtu": 1400, "addresses": ["10.7.0.1/24"]}}}}
    machine.apply(everyday(), "one")
    machine.apply(wan, "three")
    claims = {
        "namespace": ({"namespaces": {"ns1": {}}}, "namespace ns1", "one"),
        "link": ({"namespaces": {"x": {"interfaces": {"a": {"kind": "veth", "peer": "host/veth-host"}}}}},
                 "link host/veth-host", "one"),
        "interface": ({"host": {"interfaces": {"wan": {"mtu": 1300}}}}, "link host/wan", "three"),
        "address": ({"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24"]}}}}, "host/wan", "three"),
    }
    before = machine.snapshot()
    for t, what, owner in claims.values():
        error = machine.apply(t, "two", code=1).stderr
        assert what in error and f"belongs to the topology {owner};" in error and "two.json" in error, error
        assert "netnsctl: two: " in error, error
        machine.assert_same(before)
    machine.ctl("down", "--all")
    machine.sh("ip link del wan")


def addresses(n):
    """As many addresses on an interface of the host that others create."""
    return {"host": {"interfaces": {"h0": {"addresses": [f"10.0.{i}.1/24" for i in range(n)]}}}}


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_many_of_one_cause(machine, command):
    """One line, with how many there are and the first of them; the owner is the one that has them."""
    machine.sh("ip link add h0 type bridge; " + " ".join(f"ip addr add 10.0.{i}.1/24 dev h0;" for i in range(40)))
    refused = machine.ctl(command, machine.file(addresses(40), "two"), code=1).stderr.splitlines()
    assert len(refused) == 2 and refused[0].endswith(
        ": /host/interfaces/h0/addresses/0: address host/h0 10.0.0.1/24 already exists and belongs to another program; "
        "netnsd leaves it alone; netnsctl adopt takes it over if it is as declared, and netnsctl export shows how it is; "
        "the same of 39 more: address host/h0 10.0.1.1/24, address host/h0 10.0.2.1/24, address host/h0 10.0.3.1/24, ...")
    assert refused[1] == "netnsctl: two: address host/h0 10.0.0.1/24 belongs to another program; nothing was touched"
    machine.sh("ip addr flush dev h0")
    machine.apply(addresses(3), "one")
    few = machine.ctl(command, machine.file(addresses(3), "two"), code=1).stderr.splitlines()
    assert [line.partition(": address ")[2].partition(";")[0] for line in few[:3]] == [
        f"host/h0 10.0.{i}.1/24 already exists and belongs to the topology one" for i in range(3)]
    assert few[3:] == ["netnsctl: two: address host/h0 10.0.0.1/24 belongs to the topology one; nothing was touched"]
    machine.ctl("down", "one")
    machine.sh("ip link del h0")


def test_owner_of_what_excludes(machine):
    """Of what two topologies cannot both have, the owner is the other topology."""
    ours = {"host": {"filter": {"input": "accept"}}}
    machine.apply(ours, "one")
    with pytest.raises(VarlinkError) as refused:
        machine.call("Apply", name="two", topology=ours)
    assert refused.value.parameters["owner"] == "one", refused.value.parameters
    told = machine.ctl("apply", machine.file(ours, "two"), code=1).stderr
    assert told.endswith("belongs to the topology one; nothing was touched\n"), told
