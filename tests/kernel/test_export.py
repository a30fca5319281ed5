# SPDX-License-Identifier: MIT
"""What there is, as a topology: it makes the same again, whoever made it first."""
import json
import re
import subprocess

import pytest
from machine import EXAMPLES, NETNSD, wait_for

FILES = sorted(EXAMPLES.glob("*.json"))
# What this machine's kernel may lack.
SECOND_KERNEL = [file for file in FILES if any(word in file.read_text() for word in ('"netem"', '"kind": "vlan"', '"locked"'))]
# Of what nftables and /etc/netns have no topology is made yet.
NFT = [file for file in FILES if any(word in file.read_text() for word in ('"nat"', '"filter"', '"hosts"', '"dns"'))]


def export(machine, code=0):
    """The topology, and what it cannot say."""
    told = machine.run(NETNSD, "--export", code=code)
    return json.loads(told.stdout), told.stderr.splitlines()


def same(machine):
    """All that ip(8) shows, without the numbers of namespaces and links."""
    numbers = re.compile("^netns | (ifindex|link_index|link_netnsid) ")
    return [line for line in machine.snapshot() if not numbers.search(line)]


each_example = pytest.mark.parametrize("file", [
    pytest.param(file, id=file.stem, marks=pytest.mark.uml if file in SECOND_KERNEL else []) for file in FILES if file not in NFT])


@each_example
def test_round_trip(bare, file):
    """Exported, taken down and applied again, an example is the same; applied to what is there, it changes nothing."""
    bare.start()
    bare.ctl("apply", file)
    before = same(bare)
    topology, unsaid = export(bare)
    assert unsaid == []
    again = bare.file(topology, "again")
    assert bare.ctl("apply", "--name", file.stem, "--replace", again).stdout == f"{file.stem}: unchanged\n"
    bare.ctl("down", "--forget", file.stem)
    bare.ctl("apply", "--name", file.stem, again)
    assert same(bare) == before
    assert export(bare)[0] == topology


BY_HAND = """
ip netns add left
ip netns add right
ip link add to-left type veth peer name eth0 netns left
ip -n left link add eth1 type veth peer name eth1 netns right
ip addr add 10.0.0.1/24 dev to-left
ip link set to-left up
for n in left right; do ip -n $n link set lo up; ip -n $n link set eth1 up; done
ip -n left addr add 10.0.0.2/24 dev eth0
ip -n left addr add 10.0.0.3/24 dev eth0
ip -n left addr add 10.0.1.1 peer 10.0.1.2/32 dev eth1
ip -n left link set eth0 up mtu 1400
ip -n left link set eth1 address 02:00:00:00:00:05
ip -n left route add default via 10.0.0.1
ip -n left route add 10.5.0.0/16 via 10.0.1.2 metric 7
ip -n left route add blackhole 10.6.0.0/16
ip -n left -6 route add unreachable fd00:6::/32
ip -n left route add 10.7.0.0/16 nexthop via 10.0.1.2 weight 3 nexthop via 10.0.0.1
ip -n left route add 10.8.0.0/16 via 10.0.0.1 table 100
ip -n left rule add priority 50 from 10.0.0.0/24 table 100
ip -n left rule add priority 60 table 100
ip -n left -6 rule add priority 60 table 100
ip -n left neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev eth0
ip -n right addr add 10.0.1.2 peer 10.0.1.1/32 dev eth1
ip netns exec left sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n right link add br0 type bridge ageing_time 10000
ip -n right link add p0 type veth peer name p1
ip -n right link set p0 master br0
ip -n right link set br0 up
ip -n right link set p0 up
ip -n right link set p1 up
bridge -n right fdb add 02:00:00:00:00:11 dev p0 master static
"""
EXPECTED = {
    "host": {"interfaces": {"to-left": {"addresses": ["10.0.0.1/24"]}}},
    "namespaces": {
        "left": {
            "forwarding": "ipv4",
            "interfaces": {
                "eth0": {"kind": "veth", "mtu": 1400, "peer": "host/to-left", "addresses": ["10.0.0.2/24", "10.0.0.3/24"]},
                "eth1": {"kind": "veth", "mac": "02:00:00:00:00:05", "peer": "right/eth1",
                         "addresses": [{"address": "10.0.1.1", "peer": "10.0.1.2"}]},
            },
            "routes": [
                {"to": "10.8.0.0/16", "via": "10.0.0.1", "table": 100},
                {"to": "default", "via": "10.0.0.1"},
                {"to": "10.5.0.0/16", "via": "10.0.1.2", "metric": 7},
                {"type": "blackhole", "to": "10.6.0.0/16"},
                {"to": "10.7.0.0/16", "nexthops": [{"via": "10.0.1.2", "dev": "eth1", "weight": 3}, {"via": "10.0.0.1", "dev": "eth0"}]},
                {"type": "unreachable", "to": "fd00:6::/32"},
            ],
            "rules": [{"priority": 50, "from": "10.0.0.0/24", "table": 100}, {"priority": 60, "table": 100}],
            "neighbors": [{"address": "10.0.0.9", "mac": "02:00:00:00:00:09", "dev": "eth0"}],
        },
        "right": {
            "interfaces": {
                "eth1": {"addresses": [{"address": "10.0.1.2", "peer": "10.0.1.1"}]},
                "br0": {"kind": "bridge", "ageing_time": 10000},
                "p1": {"kind": "veth", "peer": "p0"},
                "p0": {"master": "br0"},
            },
            "fdb": [{"mac": "02:00:00:00:00:11", "dev": "p0"}],
        },
    },
}


def test_by_hand(bare):
    """Of what commands made nothing is said that the kernel or netnsd does by itself, and it makes the same again."""
    bare.sh(BY_HAND)
    topology, unsaid = export(bare)
    assert unsaid == []
    assert topology == EXPECTED
    bare.sh("ip netns del left; ip netns del right")


def test_end_outside(bare):
    """The host's end of a veth pair into a namespace that nobody can name, as a container's eth0, exists already."""
    bare.sh("ip netns add outside; ip link add eth0 type veth peer name eth0 netns outside; ip addr add 10.0.0.2/24 dev eth0; "
            "ip link set eth0 up; ip route add default via 10.0.0.1")
    with bare.popen("ip", "netns", "exec", "outside", "sh", "-c", "echo; exec cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as inside:
        inside.stdout.readline()
        bare.unname("outside")
        assert export(bare) == ({"host": {"interfaces": {"eth0": {"addresses": ["10.0.0.2/24"]}},
                                          "routes": [{"to": "default", "via": "10.0.0.1"}]}}, [])
        inside.stdin.close()
    wait_for(lambda: bare.links() == ["lo"])
