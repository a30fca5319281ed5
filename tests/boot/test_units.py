# SPDX-License-Identifier: MIT
"""The units and what else is installed for other programs: hardening, visibility of the namespaces, names,
explanations."""
import json

from guest import EVERYDAY, wait_for


def exposure(guest, unit):
    rows = json.loads(guest.run("systemd-analyze", "security", "--json=short", "--no-pager", unit).stdout)
    assert rows
    text = guest.run("systemd-analyze", "security", "--no-pager", unit).stdout
    return float(text.rpartition("Overall exposure level for")[2].split(":")[1].split()[0])


def test_hardened(guest):
    """The units are clean, and the service as hardened as possible without a mount namespace of its own."""
    guest.boot()
    assert exposure(guest, "netnsd.service") <= 3.5
    assert exposure(guest, "netns@ns1.service") <= 6.0
    for unit in "netnsd.service", "netnsd.socket", "netns@ns1.service":
        verified = guest.run("systemd-analyze", "verify", "--man=no", unit)
        assert "netns" not in verified.stderr, verified.stderr


PROM = "/var/lib/prometheus/node-exporter/netnsd.prom"


def test_metrics(guest):
    """Off until somebody enables the timer; then a file for node_exporter is written again and again. It does not start
    netnsd."""
    guest.boot()
    assert guest.sh("systemctl is-enabled netnsd-metrics.timer || true").strip() == "disabled"
    assert exposure(guest, "netnsd-metrics.service") <= 1.5
    for unit in "netnsd-metrics.service", "netnsd-metrics.timer":
        verified = guest.run("systemd-analyze", "verify", "--man=no", unit)
        assert "netns" not in verified.stderr, verified.stderr
    guest.run("netnsctl", "apply", EVERYDAY)
    guest.sh("install -d -o daemon $(dirname " + PROM + ")")
    guest.run("systemctl", "start", "netnsd-metrics.service")
    assert 'netnsd_network_up{netns="ns1",device="veth-ns"} 1\n' in guest.sh(f"cat {PROM}")
    guest.sh("mkdir -p /etc/systemd/system/netnsd-metrics.timer.d && printf '[Timer]\\nOnCalendar=*:*:*\\n' "
             ">/etc/systemd/system/netnsd-metrics.timer.d/often.conf && systemctl daemon-reload && "
             f"rm {PROM} && systemctl enable --now netnsd-metrics.timer")
    wait_for(lambda: "netnsd_build_info" in guest.sh(f"cat {PROM} 2>/dev/null || true"), 30)
    guest.sh("systemctl stop netnsd-metrics.timer netnsd.service; ! systemctl start netnsd-metrics.service")
    assert guest.show("netnsd.service", "ActiveState") == "inactive"


def test_seen_by_all(guest):
    """What the hardened service creates is visible to the first process, to other units, and to those that enter
    later."""
    guest.boot()
    guest.run("netnsctl", "apply", EVERYDAY)
    assert " /run/netns/ns1 " in guest.sh("cat /proc/1/mountinfo")
    assert guest.sh("ip netns list").split()[0] == "ns1"
    shared = guest.run("findmnt", "-no", "PROPAGATION", "/run/netns").stdout
    assert "shared" in shared
    for options in ["-pNetworkNamespacePath=/run/netns/ns1"], ["-pNetworkNamespacePath=/run/netns/ns1", "-pPrivateTmp=yes"]:
        inside = guest.run("systemd-run", "--quiet", "--wait", "--pipe", *options, "ip", "-br", "addr").stdout
        assert "veth-ns" in inside and "10.0.0.2/24" in inside
    # A unit that has copied the mounts before sees later names as well: /run/netns is shared.
    guest.run("systemd-run", "--quiet", "--unit=early", "-pPrivateTmp=yes", "-pMountFlags=slave", "sleep", "1000")
    guest.write("root/more.json", {"namespaces": {"ns2": {}}})
    guest.run("netnsctl", "apply", "/root/more.json")
    guest.run("nsenter", "-m", "-t", guest.show("early.service", "MainPID"), "ip", "-n", "ns2", "link")


def test_lives_without_ptrace(guest):
    """Processes that still run in a removed namespace are named, even another user's, though the service may trace
    nobody."""
    guest.boot()
    guest.run("netnsctl", "apply", EVERYDAY)
    guest.run("systemd-run", "--quiet", "--unit=tenant", "-pNetworkNamespacePath=/run/netns/ns1", "-pUser=daemon", "sleep", "1000")
    pid = guest.show("tenant.service", "MainPID")
    assert "cap_sys_ptrace" not in guest.show("netnsd.service", "CapabilityBoundingSet")
    down = guest.run("netnsctl", "down", "everyday")
    assert pid in down.stdout + down.stderr


def test_words_for_others(guest):
    """ip route knows our protocol by name, journalctl explains our entries, and the group has read-only access."""
    guest.boot()
    guest.run("netnsctl", "apply", EVERYDAY)
    assert "proto netnsd" in guest.run("ip", "-n", "ns1", "route").stdout
    assert "netnsd keeps it that way" in guest.run("journalctl", "-b", "-x", "-u", "netnsd", "--no-pager").stdout
    guest.run("useradd", "-G", "netnsd", "looker")
    assert "everyday" in guest.run("runuser", "-u", "looker", "--", "netnsctl", "status").stdout
    assert guest.run("runuser", "-u", "looker", "--", "netnsctl", "down", "everyday", code=5)
    assert guest.run("runuser", "-u", "daemon", "--", "netnsctl", "status", code=5)
