# SPDX-License-Identifier: MIT
"""What is wrong with a rule is said at its place in the file."""
import re

import pytest
from machine import wait_for

TOPOLOGY = {
    "on_drift": "report",
    "namespaces": {"r": {
        "interfaces": {"a": {"kind": "veth", "peer": "c/a", "addresses": ["10.0.0.1/24"]}, "b": {"kind": "veth", "peer": "c/b"}},
        "nat": {"masquerade": [{"from": "10.0.0.0/24", "out": "a"}, {"from": ["10.1.0.0/24", "fd00::/64"], "out": "b"}],
                "dnat": [{"proto": "tcp", "port": 80, "to": "10.0.0.2"}, {"proto": "udp", "port": 53, "to": "10.0.0.2", "localhost": True}]},
        "filter": {"input": "drop", "forward": "reject", "clamp_mss": True, "rules": [
            {"chain": "forward", "in": "a", "action": "accept"},
            {"chain": "input", "proto": "tcp", "port": 22, "action": "accept"},
            {"chain": "forward", "in": "b", "from": ["10.1.0.0/24", "fd00::/64"], "proto": "udp", "action": "reject"},
            {"chain": "output", "proto": "icmp", "log": "ping: "}]}},
        "c": {}}}

# Part of a rule as nft(8) lists it; where it is in the file.
RULES = {
    "iifname \"a\" accept": "filter/rules/0",
    "tcp dport 22 accept": "filter/rules/1",
    "ip saddr 10.1.0.0/24 meta l4proto udp reject": "filter/rules/2",
    "ip6 saddr fd00::/64 meta l4proto udp reject": "filter/rules/2",
    "log prefix \"ping: \"": "filter/rules/3",
    "tcp flags syn": "filter/clamp_mss",
    "ct status dnat accept": "filter/forward",
    "reject with tcp reset": "filter/forward",
    "icmpv6 type { nd": "filter/input",
    "oifname \"a\" ip saddr 10.0.0.0/24 masquerade": "nat/masquerade/0",
    "ip6 saddr fd00::/64 masquerade": "nat/masquerade/1",
    "tcp dport 80 ": "nat/dnat/0",
    "ip daddr 127.0.0.1 udp dport 53": "nat/dnat/1",
    "ip daddr 127.0.0.0/8 drop": "nat/dnat",
}


@pytest.fixture
def machine(bare):
    """One on which others may change the table."""
    bare.start("--no-table-owner")
    return bare


def nft(machine, words):
    return machine.sh(f"ip netns exec r nft {words}")


def find(machine, part, only=None):
    """Chain and handle of the first rule that has it."""
    chain = None
    for line in nft(machine, "-a list table inet netnsd").splitlines():
        found = re.match(r"\tchain (\S+) \{", line)
        chain = found[1] if found else chain
        if part in re.sub(r"(?<=reject) with icmpx?\w* [a-z-]*", "", line) and not found and only in (None, chain):
            return chain, re.search(r"# handle (\d+)", line)[1]
    raise AssertionError(part)


def drift(machine):
    return wait_for(lambda: [d for d in machine.status().get("drift", []) if d["kind"] == "nft"])[0]


@pytest.mark.parametrize("part", RULES)
def test_drift(machine, part):
    machine.apply(TOPOLOGY)
    chain, handle = find(machine, part)
    nft(machine, f"delete rule inet netnsd {chain} handle {handle}")
    place = f"/namespaces/r/{RULES[part]}"
    assert drift(machine)["actual"].endswith(f": {place})"), drift(machine)
    assert place in machine.ctl("status", "lab").stdout
    # What heals it says what it does about.
    assert f": {place}" in machine.ctl("plan", "--sure", machine.file(TOPOLOGY)).stdout


def test_policy(machine):
    machine.apply(TOPOLOGY)
    _, handle = find(machine, "\t\tdrop # handle", "last_input_lab")
    nft(machine, f"replace rule inet netnsd last_input_lab handle {handle} accept")
    assert drift(machine)["actual"].endswith(": /namespaces/r/filter/input)")


def test_nothing_of_the_file(machine):
    """A rule more is of no place."""
    machine.apply(TOPOLOGY)
    nft(machine, "add rule inet netnsd forward_lab counter")
    assert drift(machine)["actual"] == "other rules (chain forward_lab has more rules than it should)"
