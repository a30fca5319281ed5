# SPDX-License-Identifier: MIT
"""A program that changes the same thing again and again is answered ever more seldom, and named; the rest is healed at
once. Drift that is only to be reported is reported once."""
import pytest

from fight import Fight
from machine import NEVER, wait_for
from monitor import Monitor, log
from topologies import everyday, veth


def events(machine, *kinds):
    return [e for e in log(machine) if e["event"] in kinds]


def test_fight(bare):
    bare.start("--heal-burst", "5/1")
    bare.apply(everyday())
    with Monitor(bare) as m:
        # A single process, which can be named.
        with Fight(bare, "echo addr del 10.0.0.1/24 dev veth-host", "ip -force -batch -"):
            told = [m.event()]
            while told[-1]["event"] != "contested":
                told.append(m.event())
            assert [e["event"] for e in told].count("drift") == 5
            contested = told[-1]
            assert (contested["kind"], contested["object"], contested["expected"]) == ("address", "host/veth-host", "10.0.0.1/24")
            assert {e["by"] for e in told if e["event"] == "drift"} == {contested["by"]} and " (ip), user root" in contested["by"]
            # It drifts again, and waits.
            wait_for(lambda: bare.status().get("drift", [{}])[0].get("heal_usec"))
            [drift] = bare.status()["drift"]
            assert drift["contested"] and drift["drifted"] and drift["object"] == "host/veth-host" and "actual" not in drift
            shown = bare.ctl("status").stdout
            assert "address host/veth-host 10.0.0.1/24 is missing; changed again and again by pid" in shown
            # Everything else is healed at once.
            m.drain([])
            bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
            other = [m.event() for _ in range(3)]
            assert ("ns1/veth-ns", "healed") == (other[0].get("object"), other[-1]["event"]), other
            assert bare.addresses("ns1", "veth-ns") == ["10.0.0.2/24"] and bare.routes("ns1", "default")
            assert bare.addresses(None, "veth-host") == []
        # The fight is over: it is healed when due, and forgotten in time.
        wait_for(lambda: bare.addresses(None, "veth-host") == ["10.0.0.1/24"], 20)
        wait_for(lambda: "drift" not in bare.status(), 30)
    assert len(events(bare, "contested")) == 1 and len(events(bare, "drift")) < 15
    bare.sh("ip addr del 10.0.0.1/24 dev veth-host")
    wait_for(lambda: bare.addresses(None, "veth-host") == ["10.0.0.1/24"], 1)


def test_fight_over_a_name(machine):
    machine.apply(everyday())
    inode = machine.inode("ns1")
    with Fight(machine, "ip netns del ns1"):
        wait_for(lambda: events(machine, "contested"))
        [contested] = events(machine, "contested")
        assert (contested["kind"], contested["object"]) == ("namespace", "ns1") and "name" in contested["message"]
    wait_for(lambda: machine.namespaces() == ["ns1"], 10)
    assert machine.inode("ns1") == inode
    machine.ping("ns1", "10.0.0.1")


def test_apply_ends_a_fight(machine):
    """A contested object that leaves the topology is not waited for; nothing loops."""
    t = everyday()
    t["namespaces"]["ns2"] = {"interfaces": {"br0": {"kind": "bridge", "addresses": ["10.5.0.1/24"]}}}
    machine.apply(t)
    with Fight(machine, "ip -n ns2 addr del 10.5.0.1/24 dev br0"):
        wait_for(lambda: machine.status().get("drift", [{}])[0].get("heal_usec"))
        machine.apply(everyday())
    assert "drift" not in machine.status()
    before = cpu(machine)
    wait_for(lambda: uptime(machine) > before[0] + 2)
    assert cpu(machine)[1] - before[1] < 20  # hundredths of a second


def uptime(machine):
    return float((machine.root / "proc/uptime").read_text().split()[0])


def cpu(machine):
    """The time, and the processor time that netnsd has used, in hundredths of a second."""
    fields = (machine.root / f"proc/{machine.pid()}/stat").read_text().rpartition(")")[2].split()
    return uptime(machine), int(fields[11]) + int(fields[12])


def test_report(bare):
    bare.start("--audit", "1")
    t = {**everyday(), "on_drift": "report"}
    t["namespaces"]["ns1"]["sysctl"] = {"net.ipv4.ip_default_ttl": 70}
    bare.apply(t)
    bare.sh("""ip addr del 10.0.0.1/24 dev veth-host; ip link set veth-host down; ip -n ns1 addr add 10.9.0.9/24 dev veth-ns
        echo 71 >/proc/sys/net/ipv4/ip_default_ttl; ip netns exec ns1 sh -c 'echo 71 >/proc/sys/net/ipv4/ip_default_ttl'
        echo 64 >/proc/sys/net/ipv4/ip_default_ttl; umount -l /run/netns/ns1; rm /run/netns/ns1""")
    drifted = {("address", "host/veth-host"), ("link", "host/veth-host"), ("address", "ns1/veth-ns"), ("sysctl", "ns1"),
               ("namespace", "ns1")}
    wait_for(lambda: {(d["kind"], d["object"]) for d in bare.status().get("drift", [])} == drifted)
    known = bare.status()
    assert known["healed"] == 0 and known["state"] == "up"
    assert not any(d["contested"] or "heal_usec" in d for d in known["drift"])
    assert bare.addresses(None, "veth-host") == [] and bare.namespaces() == []
    # Each was reported once, whatever the audits since have seen.
    seen = log(bare)
    audits = uptime(bare)
    wait_for(lambda: uptime(bare) > audits + 2.5)
    assert log(bare) == seen and events(bare, "healed", "contested") == []
    assert sorted((e["kind"], e["object"]) for e in events(bare, "drift")) == sorted(drifted)
    assert all("reported but not healed" in e["message"] for e in events(bare, "drift"))
    shown = bare.ctl("status", "lab").stdout
    assert "address host/veth-host 10.0.0.1/24 is missing" in shown
    assert "10.9.0.9/24 is present, but not declared" in shown and "namespace ns1 is missing" in shown
    # An apply repairs it.
    bare.apply(t)
    assert "drift" not in bare.status() and bare.addresses(None, "veth-host") == ["10.0.0.1/24"]
    bare.ping("ns1", "10.0.0.1")


def test_report_of_what_is_repaired_by_hand(machine):
    machine.apply({**everyday(), "on_drift": "report"})
    machine.sh("ip link set veth-host down")
    wait_for(lambda: machine.status().get("drift"))
    machine.sh("ip link set veth-host up")
    wait_for(lambda: "drift" not in machine.status())


def test_two_topologies_do_not_fight(bare):
    """Each heals its own, in a namespace that one of them created and the other uses, and on the host."""
    bare.start("--heal-burst", NEVER, "--audit", "1")
    bare.apply(everyday())
    guest = {"host": {"interfaces": {"vh2": veth("ns1/g0", "10.5.0.1/24")}, "sysctl": {"net.ipv4.ip_default_ttl": 65}},
             "namespaces": {"ns1": {"existing": True, "interfaces": {"g0": {"addresses": ["10.5.0.2/24"]}},
                                    "routes": [{"to": "10.6.0.0/16", "via": "10.5.0.1"}]}}}
    bare.apply(guest, "guest")
    bare.sh("""ip link del vh2; ip link del veth-host; ip netns del ns1 || true""")
    wait_for(lambda: len(bare.namespaces()) == 1 and bare.routes("ns1", "10.6.0.0/16") and bare.routes("ns1", "default"))
    bare.sh("""ip -n ns1 route del 10.6.0.0/16; ip -n ns1 route del default; ip addr del 10.5.0.1/24 dev vh2
        echo 64 >/proc/sys/net/ipv4/ip_default_ttl""")
    wait_for(lambda: bare.sysctl(None, "net.ipv4.ip_default_ttl") == "65")
    wait_for(lambda: bare.routes("ns1", "10.6.0.0/16") and bare.routes("ns1", "default"))
    settled, seen = uptime(bare), log(bare)
    wait_for(lambda: uptime(bare) > settled + 2.5)
    assert log(bare) == seen and events(bare, "contested", "failed") == []
    for e in events(bare, "drift"):
        theirs = any(word in str(e) for word in ("vh2", "g0", "10.5.", "10.6.", "ip_default_ttl"))
        assert (e["topology"] == "guest") == theirs, e
    bare.ctl("down", "guest")


@pytest.mark.parametrize("rounds", [2, 8])
def test_interface_recreated_again_and_again(machine, rounds):
    """Former values are saved of the last one, too, which existed before healing continued."""
    make = "ip link add wan type veth peer name isp; ip link set wan up"
    machine.sh(make)
    machine.apply({"host": {"interfaces": {"wan": {"mtu": 1400, "addresses": ["10.7.0.1/24"]}}}})
    for _ in range(rounds):
        machine.sh(f"ip link del wan; {make}")
        wait_for(lambda: machine.link(None, "wan"))
    wait_for(lambda: machine.link(None, "wan")["mtu"] == 1400 and machine.addresses(None, "wan") == ["10.7.0.1/24"], 30)
    machine.ctl("down", "lab")
    assert machine.link(None, "wan")["mtu"] == 1500 and machine.addresses(None, "wan") == []
    machine.sh("ip link del wan")
