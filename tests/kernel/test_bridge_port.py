# SPDX-License-Identifier: MIT
"""Changes that make an interface of ours useless though it is up: no ARP, no multicast, a port that somebody
disabled."""
import pytest
from machine import at, wait_for
from monitor import events

PORT = "bridge {n}link set dev p0 state {state}"
SLAVE = "ip {n}link set p0 type bridge_slave {what}"
BRIDGE = "ip {n}link set br0 type bridge {what}"
# What ip(8) and bridge(8) set, and what plan says about it.
SET = {
    "learning": ("bridge {n}link set dev p0 learning off", "p0  learning false → true"),
    "flood": ("bridge {n}link set dev p0 flood off", "p0  flood false → true"),
    "mcast_flood": ("bridge {n}link set dev p0 mcast_flood off", "p0  mcast_flood false → true"),
    "bcast_flood": ("bridge {n}link set dev p0 bcast_flood off", "p0  bcast_flood false → true"),
    "isolated": ("bridge {n}link set dev p0 isolated on", "p0  isolated true → false"),
    "hairpin": ("bridge {n}link set dev p0 hairpin on", "p0  hairpin true → false"),
    "locked": ("bridge {n}link set dev p0 locked on", "p0  locked true → false"),
    "guard": ("bridge {n}link set dev p0 guard on", "p0  guard true → false"),
    "root_block": ("bridge {n}link set dev p0 root_block on", "p0  root_block true → false"),
    "fastleave": ("bridge {n}link set dev p0 fastleave on", "p0  fastleave true → false"),
    "neigh_suppress": ("bridge {n}link set dev p0 neigh_suppress on", "p0  neigh_suppress true → false"),
    "vlan_tunnel": ("bridge {n}link set dev p0 vlan_tunnel on", "p0  vlan_tunnel true → false"),
    "mcast_to_unicast": ("bridge {n}link set dev p0 mcast_to_unicast on", "p0  mcast_to_unicast true → false"),
    "proxy_arp": (SLAVE.replace("{what}", "proxy_arp on"), "p0  proxy_arp true → false"),
    "proxy_arp_wifi": (SLAVE.replace("{what}", "proxy_arp_wifi on"), "p0  proxy_arp_wifi true → false"),
    "port_mcast_router": (SLAVE.replace("{what}", "mcast_router 0"), "p0  port_mcast_router 0 → 1"),
    "port_priority": ("bridge {n}link set dev p0 priority 5", "p0  port_priority 5 → 32"),
    "port_group_fwd_mask": (SLAVE.replace("{what}", "group_fwd_mask 8"), "p0  port_group_fwd_mask 8 → 0"),
    "two at once": ("bridge {n}link set dev p0 isolated on flood off", "p0  flood false → true, isolated true → false"),
    "as a slave": (SLAVE.replace("{what}", "isolated on"), "p0  isolated true → false"),
    "mtu": ("ip {n}link set p0 mtu 1300", "p0  mtu 1300 → 1500"),
    "mode": ("ip {n}link set p0 mode dormant", "p0  dormant true → false"),
    "stp": (BRIDGE.replace("{what}", "stp_state 1"), "br0  stp_state true → false"),
    "vlan_filtering": (BRIDGE.replace("{what}", "vlan_filtering 1"), "br0  vlan_filtering true → false"),
    "ageing_time": (BRIDGE.replace("{what}", "ageing_time 0"), "br0  ageing_time 0 → 30000"),
    "forward_delay": (BRIDGE.replace("{what}", "forward_delay 0"), "br0  forward_delay 0 → 1500"),
    "priority": (BRIDGE.replace("{what}", "priority 0"), "br0  priority 0 → 32768"),
    "hello_time": (BRIDGE.replace("{what}", "hello_time 100"), "br0  hello_time 100 → 200"),
    "max_age": (BRIDGE.replace("{what}", "max_age 600"), "br0  max_age 600 → 2000"),
    "group_fwd_mask": (BRIDGE.replace("{what}", "group_fwd_mask 8"), "br0  group_fwd_mask 8 → 0"),
    "mcast_snooping": (BRIDGE.replace("{what}", "mcast_snooping 0"), "br0  mcast_snooping false → true"),
    "mcast_querier": (BRIDGE.replace("{what}", "mcast_querier 1"), "br0  mcast_querier true → false"),
    "mcast_query_use_ifaddr": (BRIDGE.replace("{what}", "mcast_query_use_ifaddr 1"), "br0  mcast_query_use_ifaddr true → false"),
    "mcast_router": (BRIDGE.replace("{what}", "mcast_router 0"), "br0  mcast_router 0 → 1"),
    "mcast_igmp_version": (BRIDGE.replace("{what}", "mcast_igmp_version 3"), "br0  mcast_igmp_version 3 → 2"),
    "mcast_mld_version": (BRIDGE.replace("{what}", "mcast_mld_version 2"), "br0  mcast_mld_version 2 → 1"),
    "mcast_hash_max": (BRIDGE.replace("{what}", "mcast_hash_max 512"), "br0  mcast_hash_max 512 → 4096"),
    "nf_call_iptables": (BRIDGE.replace("{what}", "nf_call_iptables 1"), "br0  nf_call_iptables true → false"),
    "nf_call_ip6tables": (BRIDGE.replace("{what}", "nf_call_ip6tables 1"), "br0  nf_call_ip6tables true → false"),
    "nf_call_arptables": (BRIDGE.replace("{what}", "nf_call_arptables 1"), "br0  nf_call_arptables true → false"),
}

# What is done, and what plan says about it.
DONE = {
    "arp": ("ip {n}link set p0 arp off", "p0  arp false → true"),
    "multicast": ("ip {n}link set p0 multicast off", "p0  multicast false → true"),
    "arp of the bridge": ("ip {n}link set br0 arp off", "br0  arp false → true"),
    "port": (PORT.replace("{state}", "0"), "p0  forwards false → true"),
}


def topology(on_drift="heal", **bridge):
    def body(n):
        return {"interfaces": {"br0": {"kind": "bridge", "addresses": [f"10.{n}.0.1/24"], **bridge},
                               "p0": {"kind": "veth", "peer": f"far/p{n}", "master": "br0"}}}
    far = {f"p{n}": {"addresses": [f"10.{n}.0.2/24"]} for n in range(3)}
    return {"on_drift": on_drift, "host": body(0), "namespaces": {
        "ns": body(1), "old": {"existing": True, **body(2)}, "far": {"interfaces": far}}}


@pytest.mark.parametrize("done, said", DONE.values(), ids=DONE)
def test_is_healed_and_reported(somebodys, done, said):
    machine = somebodys
    machine.apply(topology())
    for n, netns in enumerate([None, "ns", "old"]):
        before = events(machine).count("healed")
        machine.sh(done.format(n=at(netns)))
        wait_for(lambda: events(machine).count("healed") > before)  # noqa: B023
        assert machine.sh(f"ip netns exec far ping -c1 -W5 10.{n}.0.1")
    machine.apply(topology("report"))
    for netns in None, "ns", "old":
        machine.sh(done.format(n=at(netns)))
    plan = machine.ctl("plan", "--exit-code", machine.file(topology("report")), code=3).stdout
    assert " ".join(plan.split()).count(" ".join(said.split())) == 3
    refused = topology("report")
    refused["namespaces"]["far"]["sysctl"] = {"net.ipv4.ip_default_ttl": 999}
    machine.apply(refused, code=1)
    assert machine.ctl("plan", machine.file(topology("report"))).stdout == plan
    machine.apply(topology())
    assert machine.apply(topology()).stdout == "lab: unchanged\n"


def test_spanning_tree_decides_by_itself(machine):
    """A port that listens, or whose bridge is down, is no drift."""
    t = {"namespaces": {"a": {"interfaces": {
        "br0": {"kind": "bridge", "stp_state": True, "forward_delay": 200},
        "p0": {"kind": "veth", "peer": "b/p0", "master": "br0"},
        "br1": {"kind": "bridge", "up": False}, "p1": {"kind": "veth", "peer": "b/p1", "master": "br1"}}}, "b": {}}}
    machine.apply(t)
    assert machine.apply(t).stdout == "lab: unchanged\n"
    assert "drift" not in events(machine)


@pytest.fixture
def three(somebodys):
    somebodys.apply(topology())
    return somebodys


def details(machine, netns):
    """All that the kernel reports about both, except timers, counters and what follows from the rest."""
    links = {link["ifname"]: link for link in machine.ip("-d", *machine.at(netns), "link", "show")}
    said = {}
    for name in "br0", "p0":
        link = links[name]
        info = {**link["linkinfo"].get("info_data", {}), **link["linkinfo"].get("info_slave_data", {})}
        said[name] = {key: info[key] for key in info
                      if not key.endswith(("timer", "_id", "port")) and not key.startswith(("topology", "root_id", "root_port", "root_path", "designated", "state"))
                      and key not in ("id", "no")}
        said[name].update({key: link.get(key) for key in ("mtu", "linkmode", "flags")})
        said[name]["flags"] = sorted(set(said[name]["flags"]) - {"NO-CARRIER", "DORMANT"})
    return said


@pytest.mark.parametrize("done, said", SET.values(), ids=SET)
def test_what_was_set_by_hand(three, done, said):
    """Nothing of it is declared: it has the kernel's defaults again."""
    machine = three
    places = [None, "ns", "old"]
    before = [details(machine, p) for p in places]
    if machine.run("sh", "-c", done.format(n=at("ns")), code=None).returncode:
        pytest.skip("this kernel has no such thing")
    wait_for(lambda: [details(machine, p) for p in places] == before)
    for netns in None, "old":
        machine.sh(done.format(n=at(netns)))
        wait_for(lambda: [details(machine, p) for p in places] == before)
    machine.apply(topology("report"))
    for netns in places:
        machine.sh(done.format(n=at(netns)))
    altered = [details(machine, p) for p in places]
    assert all(a != b for a, b in zip(altered, before))
    plan = machine.ctl("plan", "--exit-code", machine.file(topology("report")), code=3).stdout
    assert " ".join(plan.split()).count(" ".join(said.split())) == 3, plan
    refused = topology("report")
    refused["namespaces"]["far"]["sysctl"] = {"net.ipv4.ip_default_ttl": 999}
    machine.apply(refused, code=1)
    assert [details(machine, p) for p in places] == altered
    machine.apply(topology())
    assert [details(machine, p) for p in places] == before
    assert machine.apply(topology()).stdout == "lab: unchanged\n"


SAID = {"learning": False, "flood": False, "mcast_flood": False, "bcast_flood": False, "isolated": True, "hairpin": True, "locked": True,
        "guard": True, "root_block": True, "fastleave": True, "neigh_suppress": True}


def declared(master="br0", **fields):
    return {"namespaces": {"a": {"interfaces": {
        "br0": {"kind": "bridge"}, "br1": {"kind": "bridge"}, "p0": {"kind": "veth", "peer": "b/p0", "master": master, **fields}}}, "b": {}}}


def port(machine, netns="a", name="p0"):
    info = next(link for link in machine.ip("-d", *machine.at(netns), "link", "show") if link["ifname"] == name)["linkinfo"]
    return {key: info["info_slave_data"][key] for key in SAID} if "info_slave_data" in info else None


def test_declared(machine):
    usual = {key: not value for key, value in SAID.items()}
    machine.apply(declared())
    assert port(machine) == usual
    plan = machine.ctl("plan", machine.file(declared(**SAID))).stdout
    assert "isolated false → true" in plan and "learning true → false" in plan, plan
    machine.apply(declared(**SAID))
    assert port(machine) == SAID
    assert machine.apply(declared(**SAID)).stdout == "lab: unchanged\n"
    # A port of another bridge, or a recreated one, begins with none of it.
    for alter in "link set p0 nomaster", "link set p0 master br1", "link del p0", "link del br0":
        healed = events(machine).count("healed")
        machine.sh(f"ip -n a {alter}")
        wait_for(lambda: events(machine).count("healed") > healed)  # noqa: B023
        wait_for(lambda: port(machine) == SAID)
        assert machine.apply(declared(**SAID)).stdout == "lab: unchanged\n"
    machine.apply(declared("br1", **SAID))
    assert port(machine) == SAID
    refused = declared("br0", isolated=True)
    refused["namespaces"]["b"]["sysctl"] = {"net.ipv4.ip_default_ttl": 999}
    machine.apply(refused, code=1)
    assert port(machine) == SAID
    machine.apply(declared("br1", isolated=True))
    assert port(machine) == {**usual, "isolated": True}
    machine.ctl("down", "lab")
    machine.apply(declared(isolated=True, learning=True))
    assert port(machine) == {**usual, "isolated": True}


def test_an_interface_of_somebody_as_port(machine):
    """Only what is declared counts, and reverts to its former value."""
    machine.sh("ip link add wan type veth peer name isp; ip link add br9 type bridge; ip link set wan master br9; ip link set br9 up")
    machine.sh("ip link set wan up; bridge link set dev wan hairpin on flood off")
    before = port(machine, None, "wan")
    t = {"host": {"interfaces": {"br9": {}, "wan": {"master": "br9", "isolated": True, "flood": True}}}}
    machine.apply(t)
    assert port(machine, None, "wan") == {**before, "isolated": True, "flood": True}
    machine.sh("bridge link set dev wan isolated off learning off")
    wait_for(lambda: port(machine, None, "wan") == {**before, "isolated": True, "flood": True, "learning": False})
    assert machine.apply(t).stdout == "lab: unchanged\n"
    machine.ctl("down", "lab")
    assert port(machine, None, "wan") == {**before, "learning": False}
    machine.sh("ip link del wan; ip link del br9")


@pytest.mark.parametrize("fields, said", [({"isolated": True}, "isolated"), ({"learning": False}, "learning")])
def test_no_port(machine, fields, said):
    t = declared(**fields)
    del t["namespaces"]["a"]["interfaces"]["p0"]["master"]
    refused = machine.apply(t, code=2).stderr
    assert f"/p0/{said}" in refused and "\"master\"" in refused, refused
    del t["namespaces"]["a"]["interfaces"]["p0"][said]
    machine.apply(t)


def test_timers_of_the_root(machine):
    """A bridge that is not the root has the root's; after a topology change addresses age faster."""
    def bridge(**fields):
        return {"kind": "bridge", "stp_state": True, "forward_delay": 200, **fields}
    t = {"namespaces": {"a": {"interfaces": {"br0": bridge(priority=4096), "p0": {"kind": "veth", "peer": "b/p0", "master": "br0"}}},
                        "b": {"interfaces": {"br0": bridge(), "p0": {"master": "br0"}}}}}
    machine.apply(t)
    wait_for(lambda: machine.ip("-d", "-n", "b", "link", "show", "br0")[0]["linkinfo"]["info_data"]["root_port"])
    t["namespaces"]["a"]["interfaces"]["br0"]["forward_delay"] = 400
    machine.apply(t)
    wait_for(lambda: machine.ip("-d", "-n", "b", "link", "show", "br0")[0]["linkinfo"]["info_data"]["forward_delay"] == 400)
    assert machine.apply(t).stdout == "lab: unchanged\n"
    machine.sh("ip -n a link set br0 type bridge hello_time 300 max_age 1000")
    wait_for(lambda: machine.ip("-d", "-n", "a", "link", "show", "br0")[0]["linkinfo"]["info_data"]["hello_time"] == 200)
    assert machine.ctl("plan", "--exit-code", machine.file(t)).stdout.count("→") == 0
