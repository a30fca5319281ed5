# SPDX-License-Identifier: MIT
"""Objects of others that a step removes are named in the plan, and count as a disruption; and alternative names of
interfaces."""
import pytest
from machine import wait_for


def ours(**more):
    return {"namespaces": {"keep": {}, **more}}


def veth(peer="p0", **more):
    return {"kind": "veth", "peer": peer, **more}


def refused(machine, t, *words):
    """--no-disrupt refuses it with these words, and nothing is touched."""
    before = machine.snapshot()
    err = machine.apply(t, "lab", "--no-disrupt", code=1).stderr
    assert all(word in err for word in words), err
    machine.assert_same(before)


def planned(machine, t):
    return machine.ctl("plan", machine.file(t)).stdout


def test_namespace_that_leaves(machine):
    machine.apply(ours(a={"interfaces": {"e0": veth()}}))
    machine.sh("ip link add ctr type veth peer name cin netns a; ip -n a link add brx type bridge; ip -n a addr add 10.9.0.1/24 dev brx")
    out = planned(machine, ours())
    assert "namespace a  which also removes, outside this topology: " in out and "cin" in out and "brx" in out, out
    refused(machine, ours(), "namespace a", "cin", "brx")
    out = machine.apply(ours()).stdout
    assert "also removed, outside this topology: " in out and "cin" in out, out
    wait_for(lambda: "ctr" not in machine.links())


def test_more_than_can_be_named(machine):
    machine.apply(ours(a={}))
    machine.sh("for i in 1 2 3 4 5 6 7; do ip -n a link add b$i type bridge; done")
    assert "b5 and 2 more" in planned(machine, ours())


@pytest.mark.parametrize("netns", ["host", "a", "old"])
def test_link_that_leaves(machine, netns):
    """Ports, addresses and routes of others depend on it."""
    machine.sh("ip netns add old")
    at, where = (None, "") if netns == "host" else (netns, f"-n {netns}")
    body = {"interfaces": {"br0": {"kind": "bridge", "stp_state": True}}, **({"existing": True} if netns == "old" else {})}
    t = {"host": body, "namespaces": {"keep": {}}} if netns == "host" else ours(**{netns: body})
    machine.apply(t)
    machine.sh(f"ip {where} addr add 10.9.0.1/24 dev br0; ip {where} addr add fd00:9::1/64 dev br0;"
               f"ip {where} link add px type veth peer name py; ip {where} link set px master br0")
    body["interfaces"] = {}
    out = planned(machine, t)
    assert all(word in out for word in ("px (its port)", "10.9.0.1/24", "fd00:9::1/64")), out
    refused(machine, t, f"{netns}/br0", "10.9.0.1/24")
    machine.apply(t)
    assert "px" in machine.links(at)
    machine.ctl("down", "--all")
    machine.sh(f"[ {netns} = a ] || ip {where} link del px; ip netns del old")


@pytest.mark.parametrize("kind", ["vlan id 5", "macvlan", "ipvlan"])
def test_links_upon_links(machine, kind):
    machine.apply(ours(a={"interfaces": {"e0": veth()}}))
    if machine.run(*f"ip -n a link add link e0 name x5 type {kind}".split(), code=None).returncode:
        pytest.skip(f"no {kind}")
    t = ours(a={})
    assert "x5" in planned(machine, t)
    refused(machine, t, "x5")


WAN = "ip link add wan type veth peer name isp; ip link set wan up; ip link set isp up; ip addr add fd00::5/64 dev wan nodad; ip addr add 192.0.2.5/24 dev wan"
SWEEPS = {
    "disable_ipv6": {"sysctl": {"ipv6.disable_ipv6": 1}}, "disable_ipv6 true": {"sysctl": {"ipv6.disable_ipv6": True}},
    "mtu": {"mtu": 1200}, "down": {"up": False},
}


@pytest.mark.parametrize("what", SWEEPS)
def test_change_that_sweeps_addresses_away(machine, what):
    machine.sh(WAN)
    t = {"host": {"interfaces": {"wan": SWEEPS[what]}}}
    out = planned(machine, t)
    assert "fd00::5/64" in out and "192.0.2.5" not in out, out
    refused(machine, t, "fd00::5/64", "interrupts traffic")
    machine.apply(t)
    assert machine.addresses(None, "wan") == ["192.0.2.5/24"]
    machine.ctl("down", "lab")
    machine.sh("ip link del wan")


def test_ipv6_switched_off_everywhere(machine):
    machine.sh("ip netns add old; " + WAN.replace("ip link", "ip -n old link").replace("ip addr", "ip -n old addr"))
    t = {"namespaces": {"old": {"existing": True, "sysctl": {"net.ipv6.conf.all.disable_ipv6": 1}}}}
    assert "fd00::5/64" in planned(machine, t)
    refused(machine, t, "fd00::5/64")
    machine.apply(t)
    machine.ctl("down", "lab")
    machine.sh("ip netns del old")


NO_SUCH = {"net.ipv4.tcp_congestion_control": "nosuch"}
TAKERS = {
    "disable_ipv6": {"sysctl": {"net.ipv6.conf.all.disable_ipv6": 1, **NO_SUCH}},
    "mtu": {"interfaces": {"wan": {"mtu": 1200}}, "sysctl": NO_SUCH},
    "down": {"interfaces": {"wan": {"up": False}}, "sysctl": NO_SUCH},
}


@pytest.mark.parametrize("what", TAKERS)
def test_what_a_refused_change_removed_is_reported(machine, what):
    """It cannot be restored, so not everything is as it was before."""
    machine.sh("ip netns add old; " + WAN.replace("ip link", "ip -n old link").replace("ip addr", "ip -n old addr"))
    t = {"namespaces": {"old": {"existing": True, **TAKERS[what]}}}
    err = machine.apply(t, "lab", code=1).stderr
    assert "fd00::5/64" not in machine.addresses("old", "wan")
    assert "as it was before; but it also removed, outside this topology: fd00::5/64" in err, err
    assert "also removed, outside this topology: fd00::5/64" in machine.ctl("log", "lab").stdout
    machine.sh("ip netns del old")


def test_what_a_refused_change_did_not_reach_is_not_reported(machine):
    """Neither what a later step would have removed, nor what is in a namespace that was only to be removed at the
    end."""
    machine.sh("ip netns add old; " + WAN.replace("ip link", "ip -n old link").replace("ip addr", "ip -n old addr"))
    machine.apply(ours(a={}), "lab")
    machine.sh("ip -n a link add brx type bridge")
    t = ours(old={"existing": True, "sysctl": NO_SUCH})
    assert "brx" in planned(machine, t)
    before = machine.snapshot()
    err = machine.apply(t, "lab", code=1).stderr
    assert "as it was before\n" in err and "also removed" not in err, err
    machine.assert_same(before)
    machine.sh("ip -n a link del brx")
    machine.ctl("down", "lab")
    machine.sh("ip netns del old")


@pytest.mark.parametrize("said", [{"mtu": 1280}, {"up": True}, {"sysctl": {"ipv6.disable_ipv6": 0}}, {"txqlen": 77}])
def test_change_that_takes_nothing(machine, said):
    machine.sh(WAN)
    t = {"host": {"interfaces": {"wan": said}}}
    assert "takes along" not in planned(machine, t)
    machine.apply(t, "lab", "--no-disrupt")
    assert machine.addresses(None, "wan") == ["192.0.2.5/24", "fd00::5/64"]
    machine.ctl("down", "lab")
    machine.sh("ip link del wan")


def test_nobody_elses_is_there(machine):
    """IPv6 of the kernel's own making belongs to nobody."""
    machine.sh("ip link add wan type veth peer name isp; ip link set wan up; ip link set isp up")
    wait_for(lambda: any(a["local"].startswith("fe80") for a in machine.ip("addr", "show", "dev", "wan")[0]["addr_info"]))
    t = {"host": {"interfaces": {"wan": {"sysctl": {"ipv6.disable_ipv6": 1}}}}}
    assert "takes along" not in planned(machine, t)
    machine.apply(t, "lab", "--no-disrupt")
    machine.ctl("down", "lab")
    machine.sh("ip link del wan")


@pytest.mark.parametrize("netns", ["host", "old"])
@pytest.mark.parametrize("said", [{"addresses": ["192.0.2.7/24"]}, {"kind": "bridge"}, {"kind": "veth", "peer": "peer0"}])
def test_other_name_of_an_interface(machine, netns, said):
    where = "" if netns == "host" else "-n old"
    machine.sh(f"ip netns add old; ip {where} link add ext1 type bridge; ip {where} link property add dev ext1 altname enp3s0")
    body = {"interfaces": {"enp3s0": said}, **({"existing": True} if netns == "old" else {})}
    t = {"host": body} if netns == "host" else {"namespaces": {"old": body}}
    before = machine.snapshot()
    err = machine.apply(t, code=1).stderr
    assert f"link {netns}/enp3s0" in err and "alternative name of ext1" in err and f"/{netns}/interfaces/enp3s0" in err.replace("namespaces/", ""), err
    machine.assert_same(before)
    if "kind" in said:
        remedy = " ".join(["ip", *where.split(), "link property del dev ext1 altname enp3s0"])
        assert remedy in err
        machine.sh(remedy)
    else:
        body["interfaces"] = {"ext1": said}
    machine.apply(t)
    machine.ctl("down", "lab")
    machine.assert_same([line for line in before if " altnames " not in line] if "kind" in said else before)
    machine.sh(f"ip {where} link del ext1; ip netns del old")


def test_alternative_name_appears_later(machine):
    """The interface with that name is gone, and another one has it as an alternative name."""
    machine.sh("ip link add wan type bridge; ip link add ext1 type bridge")
    machine.apply({"host": {"interfaces": {"wan": {"addresses": ["192.0.2.7/24"]}}}})
    machine.sh("ip link del wan; ip link property add dev ext1 altname wan")
    machine.restart()
    assert "alternative name of ext1" in machine.ctl("status", "lab").stdout
    assert machine.addresses(None, "ext1") == []
    machine.sh("ip link property del dev ext1 altname wan; ip link add wan type bridge")
    wait_for(lambda: machine.addresses(None, "wan") == ["192.0.2.7/24"])
    machine.ctl("down", "lab")
    machine.sh("ip link del wan; ip link del ext1")
