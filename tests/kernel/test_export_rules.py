# SPDX-License-Identifier: MIT
"""Rules of other programs in an export: in the words of "nat" and "filter", or the reason why there are none."""
import json

import pytest
from machine import NETNSD

NAT = "table ip nat {{ chain c {{ type nat hook postrouting priority 100; {} ; }}; }}"
DNAT = "table ip nat {{ chain c {{ type nat hook prerouting priority -100; {} ; }}; }}"
FORWARD = "table inet f {{ chain c {{ type filter hook forward priority 0; {} ; }}; }}"
IPV4 = FORWARD.replace("inet", "ip")

# Of a table: what is told of it.
TOLD = {
    NAT.format("ip saddr 10.0.0.0/8 oifname eth0 masquerade"): {"masquerade": [{"from": "10.0.0.0/8", "out": "eth0"}]},
    NAT.format("oif eth0 counter masquerade"): {"masquerade": [{"out": "eth0"}]},
    NAT.format("ip saddr 10.0.0.5 tcp dport 80 oifname eth0 snat to 192.0.2.1-192.0.2.9"):
        {"masquerade": [{"from": "10.0.0.5", "proto": "tcp", "port": 80, "out": "eth0", "to": "192.0.2.1-192.0.2.9"}]},
    NAT.replace("ip", "ip6").format("oifname eth0 masquerade"): {"masquerade": [{"out": "eth0", "family": "ipv6"}]},
    NAT.replace("ip", "inet").format("oifname eth0 masquerade"):
        {"masquerade": [{"out": "eth0"}, {"out": "eth0", "family": "ipv6"}]},
    FORWARD.format("ct state established,related accept"):
        {"rules": [{"chain": "forward", "state": ["established", "related"], "action": "accept"}]},
    FORWARD.format("ct state new drop"): {"rules": [{"chain": "forward", "state": "new", "action": "drop"}]},
    FORWARD.format("policy drop"): {"rules": [{"chain": "forward", "action": "drop"}]},
    IPV4.format("policy drop; iifname eth0 accept"):
        {"rules": [{"chain": "forward", "in": "eth0", "family": "ipv4", "action": "accept"},
                   {"chain": "forward", "family": "ipv4", "action": "drop"}]},
    FORWARD.format("meta nfproto ipv6 drop"): {"rules": [{"chain": "forward", "family": "ipv6", "action": "drop"}]},
    FORWARD.format('iifname != "eth0" oifname "eth*" drop'):
        {"rules": [{"chain": "forward", "in": "!eth0", "out": "eth*", "action": "drop"}]},
    FORWARD.format("ip saddr 10.0.0.1-10.0.0.9 ip daddr 10.1.128.0/17 accept"):
        {"rules": [{"chain": "forward", "from": "10.0.0.1-10.0.0.9", "to": "10.1.128.0/17", "action": "accept"}]},
    FORWARD.format("ip6 saddr fd00::/8 udp sport 53 accept"):
        {"rules": [{"chain": "forward", "from": "fd00::/8", "proto": "udp", "sport": 53, "action": "accept"}]},
    FORWARD.format("tcp dport { 22, 80 } accept"): {"rules": [{"chain": "forward", "proto": "tcp", "port": [22, 80], "action": "accept"}]},
    FORWARD.format("udp dport 1000-2000 meta mark 7 drop"):
        {"rules": [{"chain": "forward", "proto": "udp", "port": "1000-2000", "mark": "0x7", "action": "drop"}]},
    FORWARD.replace("forward", "input").format("iif lo accept"): {"rules": [{"chain": "input", "in": "lo", "action": "accept"}]},
    "table ip t { }": {},
    "table ip t { chain a { type nat hook input priority 0; }; chain unused { }; }": {},
}
# What is said besides, as nearly the same is all that netnsd has.
NEARLY = {
    NAT.format("ip saddr 10.0.0.0/24 masquerade"): ({"masquerade": [{"from": "10.0.0.0/24"}]}, "leaves alone what stays in its network"),
    NAT.format("ip saddr 10.0.0.0/24 ip daddr != 10.0.0.0/24 masquerade"):
        ({"masquerade": [{"from": "10.0.0.0/24"}]}, "leaves alone what stays in its network"),
    DNAT.format("iifname eth0 tcp dport 8080 dnat to 10.0.0.2:80"):
        ({"dnat": [{"in": "eth0", "proto": "tcp", "port": 8080, "to": "10.0.0.2:80"}]}, "is only for addresses of the namespace"),
    DNAT.format("ip daddr 10.0.0.1 dnat to 10.0.0.2"): ({"dnat": [{"at": "10.0.0.1", "to": "10.0.0.2"}]}, "hosts next to the target"),
}
# Of a table that says anything else nothing is told but its name and the reason.
LEFT_OUT = {
    FORWARD.format("limit rate 5/second accept"): 'chain c: rule 1 has "limit"',
    FORWARD.format("ip daddr != 10.0.0.1 accept"): 'chain c: rule 1 says what "to" is not',
    FORWARD.format("iifname eth0 accept; reject"): 'chain c: rule 2 has "reject"',
    FORWARD.format("tcp dport { 20-30, 50-60 } accept"): "chain c: rule 1 has a set of ranges",
    FORWARD.format("ct state vmap { new : drop, established : accept }"): "chain c: rule 1 looks up the set",
    FORWARD.format("ip ttl 1 drop"): "chain c: rule 1 looks at a part of the packet",
    FORWARD.format("meta skuid 5 drop"): "chain c: rule 1 looks at what no file can say",
    FORWARD.format("ip saddr & 255.0.0.255 == 10.0.0.1 drop"): 'chain c: rule 1 compares "from"',
    FORWARD.format("meta mark set 5"): "chain c: rule 1",
    "table ip t { chain x { drop; }; chain c { type filter hook forward priority 0; jump x; }; }": "chain",
    "table bridge t { chain c { type filter hook forward priority 0; drop; }; }": "chain c is of a kind that no topology can declare",
    "table ip t { chain c { type filter hook prerouting priority 0; drop; }; }": "chain c is of a kind that no topology can declare",
    NAT.format("oifname eth0 masquerade random"): "chain c: rule 1 masquerades to certain ports",
    NAT.format("oifname eth0 drop"): "chain c: rule 1 does what no file can say there",
    NAT.format("oifname eth0 snat to 127.0.0.1"): "127.0.0.1",
}
SETUP = "ip netns add a; ip -n a link set lo up; ip -n a link add eth0 type veth peer name eth1; ip netns exec a nft -f -"


def export(machine, table):
    """What is told of the rules, and the lines about them."""
    machine.sh(SETUP, text=table)
    result = machine.run(NETNSD, "--export", code=None)
    body = json.loads(result.stdout)["namespaces"]["a"]
    lines = [line for line in result.stderr.splitlines() if "nftables" in line]
    assert result.returncode == (1 if lines else 0), result.stderr
    machine.sh("ip netns del a")
    return {**body.get("nat", {}), **body.get("filter", {})}, lines


@pytest.mark.parametrize("table", TOLD)
def test_told(bare, table):
    assert export(bare, table) == (TOLD[table], [])


@pytest.mark.parametrize("table", NEARLY)
def test_nearly(bare, table):
    told, lines = export(bare, table)
    assert told == NEARLY[table][0] and len(lines) == 1 and NEARLY[table][1] in lines[0]


@pytest.mark.parametrize("table", LEFT_OUT)
def test_left_out(bare, table):
    told, lines = export(bare, table)
    assert told == {} and len(lines) == 1 and " is left out: " in lines[0] and LEFT_OUT[table] in lines[0], lines


def test_two_at_one_hook(bare):
    """A packet that one accepts the other still sees: no list of rules says the same."""
    told, lines = export(bare, FORWARD.format("iifname eth0 accept") + "\n" + IPV4.format("policy drop"))
    assert told == {} and len(lines) == 2 and all("is not the only one at its hook" in line for line in lines)


IPTABLES = {
    "-t nat -A POSTROUTING -s 10.0.0.0/8 -o eth0 -m comment --comment x -j MASQUERADE": {"masquerade": [{"from": "10.0.0.0/8", "out": "eth0"}]},
    "-t nat -A POSTROUTING -o eth0 -j SNAT --to 192.0.2.1": {"masquerade": [{"out": "eth0", "to": "192.0.2.1"}]},
    "-t nat -A PREROUTING -i eth0 -p tcp --dport 80 -j DNAT --to 10.0.0.2:8080":
        {"dnat": [{"in": "eth0", "proto": "tcp", "port": 80, "to": "10.0.0.2:8080"}]},
    "-A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT":
        {"rules": [{"chain": "forward", "family": "ipv4", "state": ["established", "related"], "action": "accept"}]},
    "-A FORWARD -m conntrack --ctstate NEW -j DROP": {"rules": [{"chain": "forward", "family": "ipv4", "state": "new", "action": "drop"}]},
    "-P INPUT DROP": {"rules": [{"chain": "input", "family": "ipv4", "action": "drop"}]},
}


@pytest.mark.parametrize("command", IPTABLES)
def test_iptables(bare, command):
    """The one that speaks to nftables."""
    bare.sh(f"{SETUP.rpartition(';')[0]}; ip netns exec a iptables-nft {command}")
    body = json.loads(bare.run(NETNSD, "--export", code=None).stdout)["namespaces"]["a"]
    assert {**body.get("nat", {}), **body.get("filter", {})} == IPTABLES[command]
    bare.sh("ip netns del a")
