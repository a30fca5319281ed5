# SPDX-License-Identifier: MIT
"""All or nothing: an apply that the kernel, a foreign object or the format refuses changes nothing, and
says which object, where in the file, and why."""
import json
import re
import subprocess

import pytest
from machine import ROOT, wait_for
from topologies import everyday, pair

BAD = sorted((ROOT / "tests/bad").glob("*.json"))
# Valid as far as a file can tell: only the kernel knows which link-local addresses exist. (route, its words).
KERNEL_SAYS_NO = [
    ({"to": "2001:db8:9::/48", "dev": "veth-ns", "src": "fe80::77"}, "Invalid source address"),
    ({"to": "2001:db8:9::/48", "via": "fe80::1", "dev": "veth-ns", "src": "fe80::77"}, "Invalid source address"),
]


def line_of(path, pointer_key):
    lines = path.read_text().splitlines()
    return next(i for i, line in enumerate(lines, 1) if pointer_key in line)


@pytest.mark.parametrize("route, words", KERNEL_SAYS_NO)
def test_kernel_refuses_the_first_apply(machine, route, words):
    t = everyday()
    t["namespaces"]["ns1"]["routes"].append(route)
    before = machine.snapshot()
    result = machine.apply(t, code=1)
    assert words in result.stderr and "/namespaces/ns1/routes/1" in result.stderr, result.stderr
    line = line_of(machine.file(t), '"to": "2001:db8:9::/48"')
    assert re.search(rf"lab\.json:({line - 1}|{line}):\d+: ", result.stderr), result.stderr
    machine.assert_same(before)
    machine.apply(everyday())
    machine.ping("ns1", "10.0.0.1")


@pytest.mark.parametrize("route, words", KERNEL_SAYS_NO)
def test_kernel_refuses_a_change(machine, route, words):
    machine.apply(everyday())
    before = machine.snapshot()
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["addresses"] = ["10.0.0.1/24", "10.0.0.8/24"]
    t["namespaces"]["ns2"] = {"interfaces": {"x": {"kind": "veth", "peer": "host/veth-x", "mtu": 1400}}}
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"]["mtu"] = 1300
    t["namespaces"]["ns1"]["routes"].append(route)
    assert words in machine.apply(t, code=1).stderr
    machine.assert_same(before)
    machine.ping("ns1", "10.0.0.1")
    assert machine.apply(everyday()).stdout.strip() == "lab: unchanged"


SERVER = """
import socket
s = socket.create_server(("10.0.0.2", 9000))
print("listening", flush=True)
c = s.accept()[0]
while data := c.recv(100):
    c.sendall(data)
"""


def test_namespace_that_was_to_leave_is_the_same(machine):
    """Its inode, its processes and their connections survive an apply that is rolled back."""
    machine.apply(pair())
    inodes = machine.inode("a"), machine.inode("b")
    before = machine.snapshot()
    server = machine.popen("ip", "netns", "exec", "b", "python3", "-c", SERVER, stdout=subprocess.PIPE)
    assert server.stdout.readline() == "listening\n"
    client = machine.popen("ip", "netns", "exec", "a", "python3", "-c", """
import socket, sys
c = socket.create_connection(("10.0.0.2", 9000), 5)
for line in sys.stdin:
    c.sendall(line.encode())
    print(c.recv(100).decode(), end="", flush=True)
""", stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def says(word):
        client.stdin.write(word + "\n")
        client.stdin.flush()
        return client.stdout.readline() == word + "\n"

    assert says("before")
    t = everyday()
    t["namespaces"]["a"] = pair()["namespaces"]["a"]
    t["namespaces"]["b"] = pair()["namespaces"]["b"]
    t["namespaces"]["ns1"]["routes"].append(KERNEL_SAYS_NO[0][0])
    machine.apply(t, code=1)
    assert says("after a refused change")

    t = everyday()
    t["namespaces"]["ns1"]["routes"].append(KERNEL_SAYS_NO[0][0])
    machine.apply(t, code=1)
    assert (machine.inode("a"), machine.inode("b")) == inodes
    assert says("after a refused removal")
    machine.assert_same(before)
    for process in client, server:
        process.stdin and process.stdin.close()
        process.wait(5)


FOREIGN = {
    "link": ("ip link add veth-host type veth peer name other", "veth-host", "ip link del veth-host"),
    "namespace": ("ip netns add ns1", "ns1", "ip netns del ns1"),
    "namespace with links": ("ip netns add ns1; ip -n ns1 link add veth-ns type veth peer name x", "ns1",
                             "ip netns del ns1"),
    "plain file": ("mkdir -p /run/netns; touch /run/netns/ns1", "ns1", "rm /run/netns/ns1"),
}


@pytest.mark.parametrize("make, name, remove", FOREIGN.values(), ids=FOREIGN)
def test_foreign_object(machine, make, name, remove):
    machine.sh(make)
    listing = machine.sh("ls -i /run/netns 2>/dev/null || true")
    before = machine.snapshot() if "touch" not in make else None
    result = machine.apply(everyday(), code=1)
    assert name in result.stderr, result.stderr
    assert "another program" in result.stderr or "not ours" in result.stderr or "somebody" in result.stderr or \
        "netnsd" in result.stderr, result.stderr
    if before:
        machine.assert_same(before)
    assert machine.sh("ls -i /run/netns 2>/dev/null || true") == listing
    machine.sh(remove)
    machine.apply(everyday())


def test_foreign_address_on_a_host_interface(machine):
    machine.sh("ip link add wan type veth peer name isp; ip addr add 10.7.0.1/24 dev wan; ip link set wan up")
    before = machine.snapshot()
    result = machine.apply({"host": {"interfaces": {"wan": {"addresses": ["10.7.0.1/24"]}}}}, code=1)
    assert "10.7.0.1/24" in result.stderr and "wan" in result.stderr
    machine.assert_same(before)
    machine.ctl("down", "--all")
    assert machine.addresses(None, "wan") == ["10.7.0.1/24"]
    machine.sh("ip link del wan")


def test_foreign_route_of_the_same_destination(machine):
    machine.sh("ip link add wan type veth peer name isp; ip addr add 10.7.0.1/24 dev wan; ip link set wan up;"
               "ip link set isp up; ip route add 10.9.0.0/24 via 10.7.0.2 metric 5")
    before = machine.snapshot()
    t = everyday()
    t["host"]["routes"] = [{"to": "10.9.0.0/24", "via": "10.0.0.2", "metric": 5}]
    result = machine.apply(t, code=1)
    assert "10.9.0.0/24" in result.stderr
    machine.assert_same(before)
    t["host"]["routes"][0]["metric"] = 6
    machine.apply(t)
    assert len(machine.routes(None, "10.9.0.0/24")) == 2
    machine.ctl("down", "--all")
    machine.assert_same(before)
    machine.sh("ip link del wan")


def test_two_topologies_want_one_namespace(machine):
    machine.apply(everyday(), "one")
    before = machine.snapshot()
    t = everyday()
    t["host"]["interfaces"] = {"other": {}}
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"]["peer"] = "host/other"
    result = machine.apply(t, "two", code=1)
    assert "ns1" in result.stderr and "one" in result.stderr
    machine.assert_same(before)


def test_same_name_from_another_file(machine):
    (machine.folder / "other").mkdir()
    machine.apply(everyday())
    before = machine.snapshot()
    path = machine.folder / "other/lab.json"
    path.write_text(json.dumps(pair()))
    result = machine.ctl("apply", path, code=1)
    assert "lab is up from" in result.stderr and "--replace" in result.stderr
    machine.assert_same(before)
    machine.ctl("apply", "--replace", path)
    assert machine.namespaces() == ["a", "b"]


@pytest.mark.skipif(not BAD, reason="no tests/bad/*.json")
def test_bad_files_change_nothing(machine):
    machine.apply(everyday())
    before = machine.snapshot()
    for path in BAD:
        result = machine.ctl("apply", path, code=2)
        assert path.name in result.stderr and result.stdout == "", path
        assert machine.ctl("validate", path, code=2).stderr
    machine.assert_same(before)


def with_ns1(**ns1):
    """A namespace ns1 of @ns1 next to one whose name begins like its own."""
    return {"namespaces": {"ns1": ns1, "ns10": {"interfaces": {"b": {"kind": "bridge"}}}}}


def with_hop(dev):
    return with_ns1(interfaces={"a": {"kind": "veth", "peer": "host/a", "addresses": ["10.0.0.1/24"]}}, routes=[
        {"to": "10.9.0.0/24", "nexthops": [{"via": "10.0.0.2"}, {"via": "10.0.0.3", "dev": dev}]}])


ELSEWHERE = "ns10/b is in another namespace"
INVALID = {  # topology, its pointer in ns1, words of the message
    "master": (with_ns1(interfaces={"a": {"kind": "veth", "peer": "host/a", "master": "ns10/b"}}),
               "interfaces/a/master", ELSEWHERE),
    "dev": (with_ns1(routes=[{"to": "10.9.0.0/24", "dev": "ns10/b"}]), "routes/0/dev", ELSEWHERE),
    "dev of a next hop": (with_hop("ns10/b"), "routes/0/nexthops", ELSEWHERE),
    "dev that is not declared": (with_hop("nowhere"), "routes/0/nexthops", "nowhere is not an interface"),
    "sysctl of an interface": (with_ns1(sysctl={"net.ipv4.conf.eth0.rp_filter": 1}),
                               "sysctl/net.ipv4.conf.eth0.rp_filter", "keys of an interface"),
    "forwarding twice": (with_ns1(forwarding=True, sysctl={"net.ipv4.ip_forward": 1}),
                         "sysctl/net.ipv4.ip_forward", '"forwarding" of ns1'),
    "two prefix lengths": (with_ns1(interfaces={"a": {"kind": "bridge", "addresses": [
        {"address": "10.0.0.1/16", "peer": "10.0.0.2/24"}]}}), "interfaces/a/addresses/0", "belongs to the peer"),
}


@pytest.mark.parametrize("topology, pointer, words", INVALID.values(), ids=INVALID)
def test_invalid(bare, topology, pointer, words):
    lines = bare.ctl("validate", bare.file(topology), code=2).stderr.splitlines()
    assert len(lines) == 1 and f": /namespaces/ns1/{pointer}: " in lines[0] and words in lines[0], lines


def test_name_that_is_nearly_that_of_a_veth_end(bare):
    """Only an end that no entry lists can have been meant."""
    t = everyday()
    t["host"]["interfaces"] = {"veth-hots": {"addresses": ["10.0.0.1/24"]}}
    error = bare.ctl("validate", bare.file(t), code=2).stderr
    assert "/host/interfaces/veth-hots: " in error and "did you mean veth-host?" in error, error
    t["host"]["interfaces"] = {"eth0": {"mtu": 1400}, "veth0": {"kind": "veth", "peer": "ns1/veth-ns",
                                                                "addresses": ["10.0.0.1/24"]}}
    t["namespaces"]["ns1"]["interfaces"]["veth-ns"] = {"addresses": ["10.0.0.2/24"]}
    bare.ctl("validate", bare.file(t))


HOPELESS = ["", "{", "[]", '{"namespaces": {"../x": {}}}', '{"namespaces": {"a/b": {}}}', "\0", "{}x",
            '{"namespaces": {"host": {}}}', "[" * 100000]


@pytest.mark.parametrize("text", HOPELESS, ids=range(len(HOPELESS)))
def test_hopeless_files(machine, text):
    result = machine.apply(text, code=2)
    assert re.search(r"lab\.json(:\d+:\d+)?: ", result.stderr), result.stderr
    machine.assert_same(machine.at_first)


def test_file_over_the_limit(machine):
    machine.apply('{"description": "' + "x" * (8 << 20) + '"}', code=2)
    machine.assert_same(machine.at_first)


def test_empty_over_one_that_is_up(machine):
    machine.apply(everyday())
    assert "down" in machine.apply({}, code=2).stderr
    assert machine.namespaces() == ["ns1"]


def test_unreadable_file(machine):
    assert "nowhere.json" in machine.ctl("apply", "/nowhere.json", code=2).stderr


def test_other_clients_work_after_a_refusal(machine):
    t = everyday()
    t["namespaces"]["ns1"]["routes"].append(KERNEL_SAYS_NO[0][0])
    for _ in range(3):
        machine.apply(t, code=1)
    machine.apply(everyday())
    wait_for(lambda: machine.namespaces() == ["ns1"])
