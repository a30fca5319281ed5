# SPDX-License-Identifier: MIT
"""netnsctl metrics: the kernel's own counters, the state of topologies and how long netnsd took, in a format that strict
parsers accept."""
import json
import os
import re
import subprocess

import pytest
from machine import ROOT, wait_for
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
from topologies import everyday, pair
from varlink import Connection, VarlinkError

# What ip -s -j link calls them.
COUNTED = {"bytes": "bytes", "packets": "packets", "errs": "errors", "drop": "dropped"}


def samples(machine, *options):
    """(name, labels) → value; nothing twice."""
    text = machine.ctl("metrics", *options).stdout
    parser = prometheus if "prometheus" in options else openmetrics
    found = [(s.name, tuple(sorted(s.labels.items())), s.value) for f in parser(text) for s in f.samples]
    assert len({f[:2] for f in found}) == len(found)
    return {f[:2]: f[2] for f in found}


def of(found, name, **labels):
    """The values of a metric with these labels, whatever others it has."""
    return [v for (n, have), v in found.items() if n == f"netnsd_{name}" and set(labels.items()) <= set(have)]


def one(found, name, **labels):
    values = of(found, name, **labels)
    assert len(values) == 1, (name, labels, values)
    return values[0]


def promtool(text):
    r = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
    assert (r.returncode, r.stdout + r.stderr) == (0, ""), r.stdout + r.stderr


def test_formats(machine):
    machine.apply(everyday())
    assert samples(machine).keys() == samples(machine, "--format", "openmetrics").keys() == samples(machine, "--format", "prometheus").keys()
    text = machine.ctl("metrics", "--format", "prometheus").stdout
    promtool(text)
    # node_exporter's textfile collector knows nothing else, and refuses a file with a type that it does not know.
    assert {line.split()[3] for line in text.splitlines() if line.startswith("# TYPE")} == {"counter", "gauge", "histogram"}
    assert machine.ctl("metrics").stdout.endswith("\n# EOF\n") and "# EOF" not in text and "# UNIT" not in text
    families = list(openmetrics(machine.ctl("metrics").stdout))
    assert all(f.name.startswith("netnsd_") and f.documentation.endswith(".") for f in families)
    assert {f.name: f.unit for f in families}["netnsd_network_receive_bytes"] == "bytes"
    refused = machine.ctl("metrics", "--format", "svg", code=2)
    assert "openmetrics or prometheus" in refused.stderr


def test_counters_are_the_kernels(machine):
    machine.apply(everyday())
    machine.ping("ns1", "10.0.0.1", count=3)
    machine.sh("ip -n ns1 route add blackhole 10.9.9.9; ip -n ns1 link set veth-ns mtu 1400")

    def told():
        """Nothing else is sent between the two."""
        first, links, second = samples(machine), machine.ip("-n", "ns1", "-s", "link"), samples(machine)
        at = {k: v for k, v in first.items() if ("netns", "ns1") in k[1]}
        return at == {k: v for k, v in second.items() if ("netns", "ns1") in k[1]} and (first, links)
    found, links = wait_for(told)
    assert {link["ifname"] for link in links} == {"lo", "veth-ns"}
    for link in links:
        where = {"netns": "ns1", "device": link["ifname"]}
        for ours, theirs in COUNTED.items():
            assert one(found, f"network_receive_{ours}_total", **where) == link["stats64"]["rx"][theirs]
            assert one(found, f"network_transmit_{ours}_total", **where) == link["stats64"]["tx"][theirs]
        assert one(found, "network_mtu_bytes", **where) == link["mtu"]
        assert one(found, "network_up", **where) == one(found, "network_carrier", **where) == 1
    assert one(found, "network_receive_packets_total", netns="ns1", device="veth-ns") >= 3
    machine.sh("ip -n ns1 link set lo down")
    wait_for(lambda: one(samples(machine), "topology_heals_total", topology="lab") >= 2)


def test_states(machine):
    machine.apply(dict(everyday(), on_drift="report"))
    machine.apply(pair(), "other")
    machine.ctl("down", "other")
    found = samples(machine)
    assert one(found, "topology_state", topology="lab", state="up") == one(found, "topology_state", topology="other", state="down") == 1
    assert sum(of(found, "topology_state")) == 2 and len(of(found, "topology_state")) == 8
    assert one(found, "topology_namespaces", topology="lab") == one(found, "topology_links", topology="lab") == 1
    assert one(found, "topology_drifted_objects", topology="lab") == 0
    assert of(found, "network_up", netns="ns1") and not of(found, "network_up", netns="a")
    machine.ip("-n", "ns1", "link", "set", "veth-ns", "down")
    wait_for(lambda: one(samples(machine), "topology_drifted_objects", topology="lab") > 0)
    found = samples(machine)
    assert one(found, "network_up", netns="ns1", device="veth-ns") == one(found, "network_admin_up", netns="ns1", device="veth-ns") == 0
    assert one(found, "network_admin_up", netns="host", device="veth-host") == 1 and one(found, "network_carrier", device="veth-host") == 0
    version = machine.ctl("version").stdout.split()[-1]
    assert one(found, "build_info", version=version) == 1


def test_contested(bare):
    bare.start("--heal-burst", "2/60")
    bare.apply(everyday())
    for _ in range(3):
        bare.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns 2>&1 || true")
        wait_for(lambda: bare.addresses("ns1", "veth-ns") or one(samples(bare), "topology_contested_objects", topology="lab"))
    wait_for(lambda: one(samples(bare), "topology_contested_objects", topology="lab") >= 1)


def test_durations_and_restart(machine):
    machine.apply(everyday())
    machine.ip("-n", "ns1", "addr", "del", "10.0.0.2/24", "dev", "veth-ns")
    wait_for(lambda: one(samples(machine), "reconcile_duration_seconds_count", operation="heal") >= 1)
    found = samples(machine)
    assert one(found, "reconcile_duration_seconds_count", operation="apply") == 1
    assert one(found, "reconcile_duration_seconds_count", operation="adopt") == 0
    assert 0 < one(found, "reconcile_duration_seconds_sum", operation="apply") < 60
    buckets = of(found, "reconcile_duration_seconds_bucket", operation="apply")
    assert buckets == sorted(buckets) and buckets[-1] == 1 and len(buckets) == 16
    applied = one(found, "topology_apply_time_seconds", topology="lab")
    log = json.loads(machine.ctl("--json", "log").stdout)["events"]
    assert abs(applied - next(e["time_usec"] for e in log if e["event"] == "applied") / 1e6) < 5
    assert one(found, "topology_state_start_time_seconds", topology="lab") <= applied
    machine.restart()
    again = samples(machine)
    assert abs(one(again, "topology_apply_time_seconds", topology="lab") - applied) < 5
    assert one(again, "reconcile_duration_seconds_count", operation="apply") == 0


def test_qdiscs(machine):
    shaped = everyday()
    shaped["namespaces"]["ns1"]["interfaces"]["veth-ns"]["tbf"] = {"rate": "8kbit", "burst": "2kb", "latency": "1ms"}
    machine.apply(shaped)
    where = {"netns": "ns1", "device": "veth-ns", "kind": "tbf"}
    machine.run("ip", "netns", "exec", "ns1", "ping", "-q", "-f", "-c", 50, "-w", 1, "-s", 900, "10.0.0.1", code=None)
    found = samples(machine)
    dropped = json.loads(machine.sh("tc -n ns1 -s -j qdisc show dev veth-ns"))[0]["drops"]
    assert 0 < one(found, "qdisc_drops_total", **where) <= dropped
    assert one(found, "qdisc_bytes_total", **where) > 0 and of(found, "qdisc_backlog", **where)
    assert not of(found, "qdisc_drops_total", kind="noqueue")


def test_several_queues_are_one_line(machine):
    """Each queue of a link has a qdisc of its own."""
    machine.apply(everyday())
    machine.sh("ip -n ns1 link add multi numtxqueues 4 type veth peer name other; ip -n ns1 link set multi up; ip link add multi type bridge")
    machine.sh("tc -n ns1 qdisc add dev multi root handle 1: mq; for i in 1 2 3; do tc -n ns1 qdisc add dev multi parent 1:$i pfifo; done")
    found = samples(machine)
    assert len(of(found, "qdisc_drops_total", netns="ns1", device="multi", kind="pfifo")) == 1
    # In a namespace of netnsd's own everything is told, on the host only what is declared.
    assert not of(found, "network_up", netns="host", device="multi") and of(found, "network_up", netns="host", device="veth-host")
    machine.sh("ip link del multi; ip -n ns1 link del multi")


def test_conntrack(machine):
    machine.apply(everyday())
    machine.sh("ip netns exec ns1 nft 'table inet t { chain c { type filter hook input priority 0; ct state established accept; }; }'")
    machine.ping("ns1", "10.0.0.1")
    found = samples(machine)
    count = int(machine.sh("ip netns exec ns1 cat /proc/sys/net/netfilter/nf_conntrack_count"))
    assert one(found, "nf_conntrack_entries", netns="ns1") == count
    assert one(found, "nf_conntrack_entries_limit", netns="ns1") == int(machine.sh("ip netns exec ns1 cat /proc/sys/net/netfilter/nf_conntrack_max"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs users")
def test_rights(bare):
    """The group reads what topologies declare; the connections of another program's namespace are not its business."""
    bare.start("--group", "daemon", "--admin-group", "bin")
    bare.sh("ip netns add old; ip -n old link add secret type bridge; ip -n old link add shared type bridge; ip -n old link add veth9 type veth peer name veth8")
    bare.apply({"namespaces": {"old": {"existing": True, "interfaces": {"shared": {"mtu": 1400}}}}})
    bare.sh("chmod 666 /run/netnsd/io.netnsd")
    as_user = ["setpriv", "--clear-groups", "--reuid", "daemon", "--regid"]
    told = {}
    for group in "daemon", "bin":
        text = bare.run(*as_user, group, "netnsctl", "metrics").stdout
        told[group] = set(re.findall(r'netns="old",device="([^"]*)"', text)), "nf_conntrack_entries{netns=\"old\"}" in text
        assert "secret" not in text and "veth9" not in text
    assert told["daemon"] == ({"shared"}, False) and told["bin"][0] == {"shared"}
    assert bare.run(*as_user, "nogroup", "netnsctl", "metrics", code=5)
    bare.sh("ip netns del old")


def test_strange_names(machine):
    """A name may have any bytes but a few: its label is escaped, and two remain two."""
    machine.apply(everyday())
    names = [b'a"b', b"a\\b", b"a\\\\b", b"\xff\xfe", b"\xfe\xff", b"\xc3\xbc", b"\\xff\\xfe", b"a{b}=,", b"esc\x1b[31m"]
    for name in names:
        subprocess.run([*machine.enter, b"ip", b"-n", b"ns1", b"link", b"add", b"name", name, b"type", b"bridge"], check=True)
    text = machine.ctl("metrics").stdout
    found = samples(machine)
    devices = {dict(labels)["device"] for name, labels in found if name == "netnsd_network_up" and dict(labels)["netns"] == "ns1"}
    assert len(devices) >= len(names) + 1 and 'a"b' in devices and "a\\b" in devices and "ü" in devices and "a{b}=," in devices
    assert "\x1b" not in text
    promtool(machine.ctl("metrics", "--format", "prometheus").stdout)


def test_file_is_replaced(machine):
    machine.apply(everyday())
    machine.sh("mkdir /run/out; echo before >/run/out/netnsd.prom")
    inode = machine.sh("exec 3</run/out/netnsd.prom; stat -c %i /run/out/netnsd.prom")
    assert machine.ctl("metrics", "--format", "prometheus", "--write", "/run/out/netnsd.prom").stdout == ""
    assert machine.sh("ls -A /run/out; stat -c %a /run/out/netnsd.prom").split() == ["netnsd.prom", "644"]
    assert machine.sh("stat -c %i /run/out/netnsd.prom") != inode
    promtool(machine.sh("cat /run/out/netnsd.prom"))
    for path, words in ("/run/nowhere/x.prom", "No such file"), ("/run/out", "/run/out"):
        failed = machine.ctl("metrics", "--write", path, code=1)
        assert path in failed.stderr and words in failed.stderr
    assert machine.sh("ls -A /run /run/out | grep -c XX || true").strip() == "0"
    assert machine.sh("ls -A /run/out").split() == ["netnsd.prom"]
    # Nothing is written if there is nothing to write.
    machine.stop()
    before = machine.sh("cat /run/out/netnsd.prom")
    machine.ctl("metrics", "--write", "/run/out/netnsd.prom", code=4)
    assert machine.sh("cat /run/out/netnsd.prom") == before
    machine.start()


def test_thousand_interfaces(machine):
    """One dump a namespace, in slices: others are answered meanwhile."""
    machine.apply({"namespaces": {"big": {}}})
    script = "\n".join(f"link add d{i} type veth peer name e{i}" for i in range(500))
    machine.run("ip", "-n", "big", "-batch", "-", text=script)
    with Connection(machine.socket) as slow:
        answer = slow.call("io.netnsd.Metrics")
    assert len(next(n for n in answer["namespaces"] if n["name"] == "big")["interfaces"]) == 1001
    trace = machine.folder / "dumps"
    strace = machine.popen("strace", "-f", "-p", machine.pid(), "-e", "trace=sendto,sendmsg", "-o", trace, stderr=subprocess.PIPE)
    assert "attached" in strace.stderr.readline()
    samples(machine)
    machine.sh("pkill -x strace")  # not nsenter in front of it
    strace.wait(20)
    strace.stderr.close()
    assert trace.read_text().count("RTM_GETLINK") <= 2  # the host, and the namespace
