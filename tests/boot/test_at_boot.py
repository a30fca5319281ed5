# SPDX-License-Identifier: MIT
"""The topologies of the boot directory are up when the machine is, and stay so whatever happens to the daemon."""
import subprocess

import pytest
from guest import EVERYDAY, TOPOLOGIES, entered, states, wait_for
from pings import Pings

# Runs as soon as network configuration may, and checks.
PROBE = """
[Unit]
DefaultDependencies=no
Wants=network.target
After=network-pre.target
Before=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ping -c 1 -w 5 10.0.0.2
ExecStart=ip netns exec ns1 ping -c 1 -w 5 10.0.0.1
[Install]
WantedBy=multi-user.target
"""


def namespace(guest):
    return guest.sh("stat -c %i /run/netns/ns1")


@pytest.fixture
def everyday(guest):
    """A machine that booted with the everyday file in its boot directory."""
    guest.boot()
    guest.run("cp", EVERYDAY, TOPOLOGIES)
    guest.reboot()
    return guest


def test_everyday(everyday):
    """It is up before network configuration starts, after each boot, and after a power cut."""
    everyday.write("etc/systemd/system/probe.service", PROBE)
    everyday.run("systemctl", "enable", "probe.service")
    for again in everyday.reboot, everyday.cut_power:
        again()
        everyday.run("ping", "-c1", "-w5", "10.0.0.2")
        assert states(everyday) == {"everyday": "up"}
        assert everyday.show("probe.service", "ActiveState") == "active"
        assert 0 < entered(everyday, "netnsd.service") <= entered(everyday, "network-pre.target") \
            <= entered(everyday, "network.target")
        assert "1 topology, 1 namespace" in everyday.run("systemctl", "status", "netnsd").stdout
        assert "cycle" not in everyday.run("journalctl", "-b", "--no-pager").stdout


def test_one_bad_one_waiting(everyday):
    """Neither delays the others or the boot, and each shows up where one looks for it."""
    everyday.write(f"{TOPOLOGIES}/bad.json", '{\n  "namespaces": { "red": { "interfaces": { "x": { "knd": "veth" } } } }\n}')
    everyday.write(f"{TOPOLOGIES}/later.json", {"host": {"interfaces": {"uplink": {"addresses": ["192.0.2.1/24"]}}},
                                                "namespaces": {"blue": {}}})
    everyday.reboot()
    everyday.run("ping", "-c1", "-w5", "10.0.0.2")
    assert states(everyday) == {"bad": "failed", "everyday": "up", "later": "waiting"}
    status = everyday.run("systemctl", "status", "netnsd").stdout
    assert "3 topologies, 1 namespace, 1 failed: bad, 1 waiting: later" in status
    problem = f'{TOPOLOGIES}/bad.json:2:51: /namespaces/red/interfaces/x/knd: unknown field; did you mean "kind"?'
    assert problem in everyday.run("journalctl", "-b", "-u", "netnsd", "-p", "err", "--no-pager").stdout
    assert problem in everyday.run("netnsctl", "status").stdout
    assert "uplink" in everyday.run("netnsctl", "status").stdout
    # What was waited for appears, and the file is corrected.
    everyday.run("ip", "link", "add", "uplink", "type", "bridge")
    everyday.run("netnsctl", "wait", "later", "--timeout", "10")
    everyday.write(f"{TOPOLOGIES}/bad.json", {"namespaces": {"red": {}}})
    everyday.run("systemctl", "reload", "netnsd")
    assert states(everyday) == {"bad": "up", "everyday": "up", "later": "up"}


def test_stop_start_restart_reload_kill(everyday):
    """The network does not notice: no ping is lost, and the namespace is the same."""
    same = namespace(everyday)
    pings = Pings(everyday, "10.0.0.2")
    for words in ["restart"], ["reload"], ["stop", "netnsd.socket"], ["start", "netnsd.socket"], ["restart", "netnsd.socket"]:
        everyday.run("systemctl", *words, "netnsd.service")
        assert everyday.show("netnsd.service", "ActiveState") == ("inactive" if "stop" in words else "active")
    pid = everyday.show("netnsd.service", "MainPID")
    everyday.run("systemctl", "kill", "-s", "KILL", "netnsd.service")
    wait_for(lambda: everyday.show("netnsd.service", "MainPID") not in ("0", pid) and
             everyday.show("netnsd.service", "ActiveState") == "active")
    pings.assert_none_lost(0.5)
    assert namespace(everyday) == same
    assert "unchanged" in everyday.run("netnsctl", "apply", f"{TOPOLOGIES}/everyday.json").stdout
    assert everyday.run("systemctl", "is-system-running").stdout.strip() == "running"


def test_crashes_do_not_end_it(everyday):
    """More crashes than systemd tolerates by default; and drift meanwhile is repaired."""
    for _ in range(7):
        everyday.run("systemctl", "kill", "-s", "KILL", "netnsd.service")
        everyday.run("ip", "-n", "ns1", "addr", "flush", "dev", "veth-ns")
        wait_for(lambda: everyday.show("netnsd.service", "ActiveState") == "active")
    wait_for(lambda: "10.0.0.2/24" in everyday.run("ip", "-n", "ns1", "addr").stdout)


def test_socket_first(guest):
    """A call before the daemon runs starts it, and with it the topologies for boot."""
    guest.boot()
    guest.run("cp", EVERYDAY, TOPOLOGIES)
    guest.run("systemctl", "disable", "netnsd.service")
    guest.run("systemctl", "enable", "netnsd.socket")
    guest.reboot()
    assert guest.show("netnsd.service", "ActiveState") == "inactive"
    assert guest.show("netnsd.socket", "ActiveState") == "active"
    assert guest.sh("stat -c '%a %G' /run/netnsd/io.netnsd").split() == ["660", "netnsd"]
    guest.run("netnsctl", "wait", "everyday", "--timeout", "10")
    assert states(guest) == {"everyday": "up"}
    assert guest.show("netnsd.service", "ActiveState") == "active"


def test_options(everyday):
    """/etc/default/netnsd reaches the daemon; wrong options are not tried again and again."""
    everyday.write("etc/default/netnsd", "NETNSD_OPTIONS=--topologies /etc/other")
    everyday.run("systemctl", "restart", "netnsd")
    everyday.write("etc/other/pair.json", {"namespaces": {"a": {}}})
    everyday.run("systemctl", "reload", "netnsd")
    assert states(everyday)["pair"] == "up"
    everyday.write("etc/default/netnsd", "NETNSD_OPTIONS=--wrong")
    everyday.run("systemctl", "restart", "netnsd", code=1)
    assert everyday.show("netnsd.service", "ActiveState") == "failed"
    assert everyday.show("netnsd.service", "NRestarts") == "0"
    everyday.run("ping", "-c1", "-w5", "10.0.0.2")


def test_persist(guest):
    """apply --persist comes up after the next boot, apply alone does not, and down --forget ends it."""
    guest.boot()
    guest.write("root/kept.json", {"namespaces": {"kept": {}}})
    guest.run("netnsctl", "apply", "--persist", "/root/kept.json")
    guest.run("netnsctl", "apply", EVERYDAY)
    guest.reboot()
    assert guest.sh("ls /run/netns").split() == ["kept"]
    guest.run("netnsctl", "down", "--forget", "kept")
    guest.reboot()
    assert guest.sh("ls -A /run/netns") == ""
