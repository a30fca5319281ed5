# SPDX-License-Identifier: MIT
"""What Graph answers: what topologies declare, in the order of the file, with the state of the kernel."""
import os

import pytest
from machine import NETNSCTL, ROOT, wait_for
from topologies import everyday
from varlink import Connection, VarlinkError

LAB = {
    "host": {"interfaces": {"port2": {"master": "br0"}, "br0": {"kind": "bridge", "addresses": ["10.1.0.1/24"]},
                            "port1": {"master": "br0"}}},
    "namespaces": {
        "zz": {"interfaces": {"eth1": {"kind": "veth", "peer": "host/port1", "addresses": ["10.1.0.3/24", "10.1.0.2/24"]},
                              "eth0": {"kind": "veth", "peer": "host/port2", "tbf": {"rate": "1mbit", "burst": "10kb",
                                                                                     "latency": "50ms"}}},
               "routes": [{"to": "default", "via": "10.1.0.1"}, {"to": "10.9.0.0/16", "via": "10.1.0.1"}]},
        "aa": {},
    },
}


def graph(machine, **parameters):
    answer = machine.call("Graph", **parameters)
    interfaces = {f"{n['name']}/{i['name']}": i for n in answer["namespaces"] for i in n["interfaces"]}
    return answer, {n["name"]: n for n in answer["namespaces"]}, interfaces


def cables(answer):
    return [(c["type"], c["source"], c.get("to")) for c in answer["cables"]]


def test_order_and_contents(machine):
    machine.apply(LAB)
    answer, namespaces, interfaces = graph(machine)
    assert [n["name"] for n in answer["namespaces"]] == ["host", "zz", "aa"]
    assert [i["name"] for i in namespaces["host"]["interfaces"]] == ["port2", "br0", "port1"]
    assert [i["name"] for i in namespaces["zz"]["interfaces"] if i["name"] != "lo"] == ["eth1", "eth0"]
    assert namespaces["host"]["foreign"] and "topology" not in namespaces["host"]
    assert namespaces["zz"]["topology"] == "lab" and not namespaces["zz"]["foreign"]
    assert namespaces["zz"]["gateways"] == ["default via 10.1.0.1"]
    assert interfaces["zz/eth1"] == {"name": "eth1", "kind": "veth", "topology": "lab", "state": "up", "drifted": False,
                                     "foreign": False, "mtu": 1500, "addresses": ["10.1.0.3/24", "10.1.0.2/24"],
                                     "shaping": []}
    assert interfaces["zz/eth0"]["shaping"] == ["tbf rate 1mbit burst 10kb latency 50ms"]
    assert interfaces["host/br0"]["kind"] == "bridge"
    assert cables(answer) == [("pair", "host/port2", "zz/eth0"), ("port", "host/port2", "host/br0"),
                              ("pair", "host/port1", "zz/eth1"), ("port", "host/port1", "host/br0")]


def test_states(machine):
    machine.apply(dict(everyday(), on_drift="report"), "one")
    machine.ip("-n", "ns1", "link", "set", "veth-ns", "down")
    machine.ip("-n", "ns1", "link", "add", "theirs", "type", "bridge")
    machine.ip("-n", "ns1", "link", "set", "theirs", "up")
    wait_for(lambda: graph(machine)[2]["ns1/veth-ns"]["drifted"])
    wait_for(lambda: graph(machine)[2]["host/veth-host"]["state"] == "no_carrier")
    _, _, interfaces = graph(machine)
    assert interfaces["ns1/veth-ns"]["state"] == "down"
    assert not interfaces["host/veth-host"]["foreign"]
    assert interfaces["ns1/theirs"]["foreign"] and "topology" not in interfaces["ns1/theirs"]
    machine.ip("-n", "ns1", "link", "del", "veth-ns")
    wait_for(lambda: graph(machine)[2]["ns1/veth-ns"]["state"] == "missing")
    assert graph(machine)[2]["host/veth-host"]["state"] == "missing"


def test_down_and_several(machine):
    machine.apply(everyday(), "one")
    machine.apply({"host": {"interfaces": {"other": {"addresses": ["10.7.0.1/24"]}}},
                   "namespaces": {"ns2": {"interfaces": {"e": {"kind": "veth", "peer": "host/other"}}}}}, "two")
    machine.ctl("down", "two")
    answer, namespaces, interfaces = graph(machine)
    assert [n["name"] for n in answer["namespaces"]] == ["host", "ns1", "ns2"]
    assert namespaces["ns2"]["missing"] and interfaces["ns2/e"]["state"] == "missing"
    assert interfaces["host/other"]["topology"] == "two" and interfaces["host/other"]["addresses"] == ["10.7.0.1/24"]
    assert ("pair", "host/other", "ns2/e") in cables(answer) or ("pair", "ns2/e", "host/other") in cables(answer)
    answer, namespaces, _ = graph(machine, names=["two"])
    assert list(namespaces) == ["host", "ns2"] and len(cables(answer)) == 1


def test_no_such_topology(machine):
    machine.apply(everyday(), "one")
    with Connection(machine.socket) as v, pytest.raises(VarlinkError) as info:
        v.call("io.netnsd.Graph", names=["one", "nobody"])
    assert (info.value.name, info.value.parameters) == ("io.netnsd.NoSuchTopology", {"name": "nobody"})


def test_one_end(machine):
    """A veth that somebody else created leads to where nobody looked."""
    machine.apply(everyday(), "one")
    machine.sh("ip netns add away; ip -n ns1 link add theirs type veth peer name e netns away")
    wait_for(lambda: "ns1/theirs" in graph(machine)[2])
    answer, namespaces, interfaces = graph(machine)
    assert interfaces["ns1/theirs"]["foreign"] and "away" not in namespaces
    assert ("pair", "ns1/theirs", None) in cables(answer) and len(cables(answer)) == 2
    machine.sh("ip netns del away")


def test_readme(machine):
    """The drawing in README.md is what the program prints."""
    machine.ctl("apply", ROOT / "conf/examples/bridge.json")
    wait_for(lambda: all(i["state"] == "up" for i in graph(machine)[2].values()))
    text = machine.sh(f"LC_ALL=C.UTF-8 {NETNSCTL} graph bridge --format text")
    assert "".join(f"    {line}\n" for line in text.splitlines()) in (ROOT / "README.md").read_text()


def test_live(machine):
    """Namespaces of others, their pairs wherever they lead, and ports of their bridges; twice nothing."""
    machine.apply(everyday(), "one")
    machine.sh("""ip netns add away; ip netns add beyond
ip -n ns1 link add theirs type veth peer name e netns away
ip -n away link add br9 type bridge; ip -n away link set br9 up; ip -n away link set e master br9
ip -n away addr add 10.9.0.1/24 dev br9
ip -n away link add x type veth peer name y netns beyond
ip link add mine type dummy 2>/dev/null || ip link add mine type bridge""")
    try:
        wait_for(lambda: "ns1/theirs" in graph(machine)[2])
        answer, namespaces, interfaces = graph(machine, live=True)
        assert [n["name"] for n in answer["namespaces"]] == ["host", "ns1", "away", "beyond"]
        assert namespaces["away"]["foreign"] and not namespaces["ns1"]["foreign"]
        assert interfaces["away/br9"]["addresses"] == ["10.9.0.1/24"] and interfaces["away/br9"]["kind"] == "bridge"
        assert interfaces["away/e"]["state"] == "down" and interfaces["host/mine"]["foreign"]
        found = cables(answer)
        assert len(found) == 4 and ("port", "away/e", "away/br9") in found and ("pair", "ns1/theirs", "away/e") in found
        assert {("pair", "away/x", "beyond/y"), ("pair", "beyond/y", "away/x")} & set(found)
        assert "mine" in machine.ctl("graph", "--live", "--format", "text").stdout
        assert "mine" not in machine.ctl("graph", "--format", "text").stdout
    finally:
        machine.sh("""ip netns del away; ip netns del beyond; ip link del mine""")


def test_names_of_others_are_made_utf8(machine):
    """An interface may have any bytes as its name."""
    machine.sh("""ip netns add away; ip -n away link add "$(printf 'a\\377<\"b')" type bridge""")
    try:
        names = [i["name"] for i in graph(machine, live=True)[1]["away"]["interfaces"]]
        assert names == ["lo", 'a?<"b']
        assert 'a?<"b' in machine.ctl("graph", "--live", "--format", "text").stdout
    finally:
        machine.sh("ip netns del away")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_live_is_for_those_who_may_change(bare):
    bare.start("--group", "daemon")
    bare.apply(everyday(), "one")
    script = f"setpriv --reuid=1 --regid=1 --clear-groups {NETNSCTL} graph"
    assert "veth-ns" in bare.sh(f"{script} --format json")
    r = bare.run("sh", "-c", f"{script} --live", code=5)
    assert "not permitted" in r.stderr
