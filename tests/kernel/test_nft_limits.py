# SPDX-License-Identifier: MIT
"""NAT and filters at their limits, and beside as much of others as a kernel has: what is allowed is applied, found again,
healed and removed; one more is refused in words, and changes nothing."""
import socket
import struct

import pytest
from machine import NEVER, wait_for
from ruleset import NETLINK_NETFILTER

# linux/netfilter/nf_tables.h, nfnetlink.h
NFTABLES, BEGIN, END, NEWTABLE, NEWCHAIN, NEWSET, NEWOBJ = 10 << 8, 0x10, 0x11, 0, 3, 9, 18
REQUEST, ACK, CREATE, INET, COUNTER = 1, 4, 0x400, 1, 1
NAME_BYTES = 255  # of a table, a chain, a set, an object: NFT_NAME_MAXLEN, with its NUL
MANY, FEW = 10000, 1000
RULES, ELEMENTS, COMMENT, NAME = 4096, 1024, 127, 64


def listed(machine):
    return machine.sh("nft -s list table inet netnsd")


def nft(machine, *lines):
    machine.run("nft", "-f", "-", text="\n".join(lines) + "\n")


def host(**body):
    return {"host": body}


def forward(*rules, **more):
    return host(filter={"forward": "accept", "rules": [{"chain": "forward", "action": "accept", **rule} for rule in rules]}, **more)


def address(i, net=20):
    return f"10.{net + i // 65536}.{i // 256 % 256}.{i % 256}"


# ---- as much as is allowed, and one more ----

def rules(n):
    """One of them has the kernel put fragments together."""
    return forward(*({"from": address(i)} for i in range(n - 1)))


def masquerades(n):
    return host(nat={"masquerade": [{"from": address(i), "out": "eth0"} for i in range(n)]})


def dnats(n):
    """Two rules each, of what arrives and of what the machine itself sends."""
    return host(nat={"dnat": [{"at": "192.0.2.1", "proto": "tcp", "port": 1 + i, "to": address(i)} for i in range(n // 2)],
                     "masquerade": [{"from": "10.0.0.0/8", "out": "eth0"}] * (n % 2)})


def addresses(n):
    return forward({"from": [address(i * 2) for i in range(n)]})


def prefixes(n):
    """In the kernel each is two, as an end is an element, too."""
    return forward({"to": [f"{address(i * 512)}/24" for i in range(n)]})


def v6(n):
    return forward({"from": [f"2001:db8::{i:x}:0-2001:db8::{i:x}:8" for i in range(n)]})


def names(n):
    return forward({"in": [f"wan{i:04}*" if i % 2 else f"interface{i:06}" for i in range(n)]})


def ports(n):
    return forward({"proto": ["tcp", "udp"], "port": [i * 2 + 1 for i in range(n)], "sport": [f"{i * 4 + 1}-{i * 4 + 2}" for i in range(n)]})


def at(n):
    return host(nat={"dnat": [{"at": [address(i) for i in range(n)], "to": "10.9.0.2"}]})


def dnat_ports(n):
    return host(nat={"dnat": [{"proto": "tcp", "port": [i * 3 + 1 for i in range(n)], "to": "10.9.0.2:80"}]})


def dnat_one_to_one(n):
    """By a map."""
    return host(nat={"dnat": [{"proto": "tcp", "port": f"1000-{999 + n}", "to": f"10.9.0.2:20000-{19999 + n}"}]})


def comment(n):
    return forward({"from": "10.0.0.1", "comment": "ü" * (n // 2) + "x" * (n % 2)},
                   nat={"masquerade": [{"out": "eth0", "comment": "y" * n}]})


LIMITS = [
    (rules, RULES, '"nat" and "filter" make 4097 rules, at most 4096 are allowed'),
    (masquerades, RULES, "has 4097 elements, at most 4096 are allowed"),
    (dnats, RULES, '"nat" and "filter" make 4097 rules, at most 4096 are allowed'),
    *((made, ELEMENTS, "has 1025 elements, at most 1024 are allowed") for made in (addresses, prefixes, v6, names, ports, at, dnat_ports)),
    (dnat_one_to_one, ELEMENTS, "1025 ports are mapped one to one, at most 1024 are allowed"),
    (comment, COMMENT, "is 128 bytes long, at most 127 are allowed"),
]


@pytest.mark.parametrize("made, most, says", LIMITS, ids=[row[0].__name__ for row in LIMITS])
def test_limit(bare, made, most, says):
    bare.start("--no-table-owner", "--heal-burst", NEVER)
    bare.apply(made(most), "lab", "--sure")
    before = listed(bare)
    assert bare.apply(made(most)).stdout == "lab: unchanged\n"
    for command in "validate", "plan", "apply":
        said = bare.ctl(command, bare.file(made(most + 1), "more"), code=2).stderr
        assert says in said and "more.json:" in said, said
    assert listed(bare) == before and "more" not in bare.topologies()
    bare.sh("nft flush table inet netnsd")
    wait_for(lambda: listed(bare) == before, 60)
    bare.restart(9)
    assert bare.apply(made(most)).stdout == "lab: unchanged\n"
    bare.ctl("down", "lab")
    assert bare.sh("nft list ruleset") == ""


def test_one_rule_of_many(machine):
    """The rules of two topologies, each as many as are allowed; one changes, and the others stay."""
    for name, made in ("lab", rules), ("nat", masquerades):
        machine.apply(made(RULES), name, "--sure")
    t = rules(RULES)
    t["host"]["filter"]["rules"][2000]["from"] = "192.0.2.1"
    said = machine.ctl("plan", machine.file(t)).stdout
    assert [line.strip() for line in said.splitlines() if " rule forward " in line] == [
        f"- rule forward ip saddr {address(2000)} accept", "+ rule forward ip saddr 192.0.2.1 accept"], said
    before = listed(machine)
    machine.apply(t)
    assert listed(machine) == before.replace(f"ip saddr {address(2000)} accept", "ip saddr 192.0.2.1 accept", 1)


@pytest.mark.parametrize("made", [lambda name: rules(3), lambda name: {"namespaces": {name: rules(3)["host"]}}], ids=["topology", "namespace"])
def test_longest_name_of_ours(machine, made):
    """Chains are called after the topology."""
    name = "n" * NAME
    machine.apply(made(name), name, "--sure")
    assert machine.apply(made(name), name).stdout == f"{name}: unchanged\n"
    before = machine.snapshot()
    more = name + "n"
    assert "is 65 bytes long, at most 64 are allowed" in machine.apply(made(more), more, code=2).stderr
    assert machine.snapshot() == before


# ---- beside others ----

def message(kind, flags, body, family=INET, resource=0):
    return struct.pack("IHHIIBBH", 20 + len(body), kind, flags | REQUEST, 0, 0, family, 0, socket.htons(resource)) + body


def attribute(kind, value):
    value = struct.pack(">I", value) if isinstance(value, int) else value
    return struct.pack("HH", 4 + len(value), kind) + value.ljust((len(value) + 3) & ~3, b"\0")


def long_names(table):
    """A chain, a set and an object in the table, whose names nft(8) cannot write."""
    def name(letter):
        return letter * NAME_BYTES + b"\0"
    return b"".join([
        message(BEGIN, 0, b"", 0, 10),
        message(NFTABLES | NEWTABLE, CREATE | ACK, attribute(1, table)),
        message(NFTABLES | NEWCHAIN, CREATE, attribute(1, table) + attribute(3, name(b"c"))),
        message(NFTABLES | NEWSET, CREATE, attribute(1, table) + attribute(2, name(b"s")) + attribute(3, 0) + attribute(4, 19)
                + attribute(5, 4) + attribute(10, 1)),
        message(NFTABLES | NEWOBJ, CREATE, attribute(1, table) + attribute(2, name(b"o")) + attribute(3, COUNTER) + attribute(4, b"")),
        message(END, 0, b"", 0, 10)])


SEND = f"""
import socket, sys
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, {NETLINK_NETFILTER})
s.send(bytes.fromhex(sys.stdin.read()))
said = s.recv(4096)
assert said[16:20] == bytes(4), said
"""


def send(machine, transaction):
    machine.run("/usr/bin/python3", "-c", SEND, text=transaction.hex())


def test_longest_names_of_others(bare):
    """Beside our table, and in it."""
    bare.start("--no-table-owner", "--heal-burst", NEVER)
    send(bare, long_names(b"t" * NAME_BYTES + b"\0"))
    topology = forward({"from": ["10.0.0.1", "10.0.0.3"]}, nat={"masquerade": [{"out": "eth0"}]})
    bare.apply(topology, "lab", "--sure")
    before = listed(bare)
    assert bare.apply(topology).stdout == "lab: unchanged\n"
    send(bare, long_names(b"netnsd\0"))
    wait_for(lambda: listed(bare) == before)
    wait_for(lambda: f"(chain {'c' * 160} was added)" in bare.log())
    bare.ctl("status")
    bare.ctl("doctor", code=None)
    bare.ctl("down", "lab")
    assert bare.sh("nft list tables").count("table") == 1
    bare.sh("nft flush ruleset")


def theirs(n):
    """Chains, each with a rule that goes to the next."""
    return ["table inet theirs {", *(f"chain c{i} {{ {f'jump c{i - 1};' if i % 15 else ''} ip saddr {address(i, 100)} counter; }}"
                                     for i in range(n)), "}"]


def cost(machine):
    """Nanoseconds of processor time that netnsd has used."""
    return int((machine.root / f"proc/{machine.pid()}/schedstat").read_text().split()[0])


def through_all(machine, n):
    """Everything that looks at rules, beside @n chains and rules of others; the processor time that it took."""
    topology = forward({"from": ["10.0.0.1", "10.0.0.3"]}, {"proto": "tcp", "port": 80}, nat={"masquerade": [{"out": "eth0"}]})
    nft(machine, *theirs(n))
    others = machine.sh("nft -s list table inet theirs")
    before = cost(machine)
    machine.apply(topology, "lab", "--sure")
    ours = listed(machine)
    assert machine.apply(topology).stdout == "lab: unchanged\n"
    machine.sh("nft flush table inet netnsd")
    wait_for(lambda: listed(machine) == ours, 60)
    machine.ctl("status", "lab")
    machine.ctl("doctor", code=None)
    machine.ctl("down", "lab")
    used = cost(machine) - before
    assert machine.sh("nft -s list table inet theirs") == others and "inet netnsd" not in machine.sh("nft list tables")
    nft(machine, "delete table inet theirs")
    return used


def test_beside_many(bare):
    """Ten times as many are not a hundred times the work."""
    bare.start("--no-table-owner", "--heal-burst", NEVER)
    few, many = through_all(bare, FEW), through_all(bare, MANY)
    print(f"beside {FEW}: {few / 1e6:.0f} ms, beside {MANY}: {many / 1e6:.0f} ms")
    assert many < few * 3 * MANY / FEW


def test_many_in_our_table(bare):
    """Chains that others add to it go again, and so do their rules in ours."""
    bare.start("--no-table-owner", "--heal-burst", NEVER)
    bare.apply(forward({"from": ["10.0.0.1", "10.0.0.3"]}), "lab", "--sure")
    ours = listed(bare)
    used = []
    for n in FEW, MANY:
        before = cost(bare)
        nft(bare, *(line.replace("inet theirs", "inet netnsd") for line in theirs(n)),
            *(f"add rule inet netnsd forward_lab ip saddr {address(i, 200)} accept" for i in range(n)))
        wait_for(lambda: listed(bare) == ours, 60)
        bare.ctl("status", "lab")
        used.append(cost(bare) - before)
    print([f"{x / 1e6:.0f} ms" for x in used])
    assert used[1] < used[0] * 3 * MANY / FEW


def test_beside_many_topologies(machine):
    """All that have rules in one namespace: each is found by its own, and the last to go takes the table."""
    every = range(100)
    for i in every:
        machine.call("Apply", name=f"lab{i}", topology=host(nat={"masquerade": [{"from": address(i), "out": "eth0"}]}))
    assert listed(machine).count("masquerade") == listed(machine).count("jump postrouting_lab") == len(every)
    machine.restart(9)
    for i in every:
        assert not machine.call("Plan", name=f"lab{i}", topology=host(nat={"masquerade": [{"from": address(i), "out": "eth0"}]}),
                                replace=True)["steps"]
    machine.ctl("down", "--all")
    assert machine.sh("nft list ruleset") == ""
