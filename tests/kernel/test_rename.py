# SPDX-License-Identifier: MIT
"""netnsctl rename: a topology has another name, and the network does not notice."""
import json
import re

import pytest
from booting import boot, put, reboot, restart, status
from injector import Injector, survived
from machine import wait_for
from topologies import everyday, pair


def unmarked(lines):
    """@lines of a snapshot without the marks that have a name in them."""
    return [re.sub("for topology [^ ;]+;", "", line) for line in lines if " ifalias " not in line and " group " not in line]


def aliases(machine):
    return {machine.link("ns1", "veth-ns")["ifalias"], machine.link(None, "veth-host")["ifalias"],
            machine.link("ns1", "lo")["ifalias"]}


def marked(name):
    return {f"netnsd:{name}"}


def again(machine, t, name, file="lab"):
    return machine.ctl("apply", machine.file(t, file), "--name", name).stdout


def test_nothing_else_changes(machine):
    machine.apply(everyday())
    before, inode = machine.snapshot(), machine.inode("ns1")
    links = {place: machine.link(*place) for place in ((None, "veth-host"), ("ns1", "veth-ns"))}
    assert machine.ctl("rename", "lab", "web").stdout == "web: renamed, from lab; 3 marks set\n"
    assert machine.inode("ns1") == inode and unmarked(machine.snapshot()) == unmarked(before)
    for place, link in links.items():
        now = machine.link(*place)
        assert (now["ifindex"], now["address"]) == (link["ifindex"], link["address"])
    assert aliases(machine) == marked("web")
    assert list(machine.topologies()) == ["web"]
    assert "there is no topology lab" in machine.ctl("show", "lab", code=1).stderr
    log = machine.ctl("log", "web").stdout
    assert "applied" in log and "renamed, from lab" in log
    assert again(machine, everyday(), "web") == "web: unchanged\n"
    machine.ctl("down", "web")
    machine.assert_same(machine.at_first)


def test_repaired_under_the_new_name(machine):
    machine.apply(everyday())
    mac = machine.link("ns1", "veth-ns")["address"]
    machine.ctl("rename", "lab", "web")
    machine.sh("ip -n ns1 route del default")
    wait_for(lambda: machine.routes("ns1", "default"))
    machine.sh("ip link del veth-host")
    wait_for(lambda: "veth-host" in machine.links() and machine.routes("ns1", "default"))
    # Recreated, it has the address that it always had; also after a restart, which only has the record.
    assert machine.link("ns1", "veth-ns")["address"] == mac and aliases(machine) == marked("web")
    machine.restart()
    machine.sh("ip link del veth-host")
    wait_for(lambda: "veth-host" in machine.links() and machine.routes("ns1", "default"))
    assert machine.link("ns1", "veth-ns")["address"] == mac
    assert "mac" not in machine.ctl("export", "ns1").stdout


def test_after_a_restart(machine):
    machine.apply(everyday())
    machine.ctl("rename", "lab", "web")
    before = machine.snapshot()
    machine.restart()
    assert list(machine.topologies()) == ["web"] and machine.state("web") == "up"
    machine.assert_same(before)
    assert again(machine, everyday(), "web") == "web: unchanged\n"


def test_down_and_up(machine):
    machine.apply(everyday())
    machine.ctl("down", "lab")
    assert machine.ctl("rename", "lab", "web").stdout == "web: renamed, from lab; 0 marks set\n"
    machine.ctl("up", "web")
    assert aliases(machine) == marked("web")


def test_rollback_to_what_was_before(machine):
    machine.apply(pair())
    machine.apply(everyday())
    machine.ctl("rename", "lab", "web")
    machine.ctl("rollback", "web")
    assert machine.namespaces() == ["a", "b"] and machine.link("a", "eth0")["ifalias"] == "netnsd:web"


def test_drift_stays(machine):
    machine.apply({**everyday(), "on_drift": "report"})
    machine.sh("ip -n ns1 link set veth-ns mtu 1400; ip -n ns1 route del default")
    wait_for(lambda: len(machine.status()["drift"]) == 2)
    assert "renamed" in machine.ctl("rename", "lab", "web").stdout
    assert machine.link("ns1", "veth-ns")["mtu"] == 1400 and not machine.routes("ns1", "default")
    assert len(machine.status("web")["drift"]) == 2 and aliases(machine) == marked("web")


def test_files_of_a_namespace(machine):
    t = everyday()
    t["namespaces"]["ns1"]["dns"] = {"nameservers": ["10.0.0.1"]}
    machine.apply(t)
    path = machine.root / "etc/netns/ns1/resolv.conf"
    inode, text = path.stat().st_ino, path.read_text()
    machine.ctl("rename", "lab", "a-much-longer-name")
    assert path.stat().st_ino == inode and path.read_text() == text.replace("topology lab;", "topology a-much-longer-name;")
    machine.ctl("rename", "a-much-longer-name", "x")
    assert path.read_text() == text.replace("topology lab;", "topology x;")
    machine.ctl("down", "x")
    assert not path.exists()


def forwards(port):
    return {"host": {"nat": {"dnat": [{"proto": "tcp", "port": port, "to": "10.9.0.2"}]}}}


def table(machine):
    return machine.sh("nft -a list table inet netnsd")


@pytest.mark.parametrize("options", [(), ("--no-table-owner",)], ids=["owned", "not owned"])
def test_chains(bare, options):
    """Renamed in place: their handles stay, and those of the rules; the order of topologies is never another."""
    machine = bare
    machine.start(*options)
    machine.apply({"host": {"filter": {"forward": "drop", "clamp_mss": True}, **forwards(80)["host"]}}, "lab", "--sure")
    machine.apply(forwards(81), "other")
    before = table(machine)
    assert "prerouting_lab" in before and "last_forward_lab" in before
    machine.ctl("rename", "lab", "kit")
    assert table(machine) == before.replace("_lab", "_kit")
    error = machine.ctl("rename", "kit", "p", code=1).stderr
    assert "kit and other both have rules in host" in error and "sorts before other" in error, error
    assert table(machine) == before.replace("_lab", "_kit")
    # A repair knows the chains by their new names.
    if options:
        machine.sh("nft add rule inet netnsd forward_kit tcp dport 9 accept")
        wait_for(lambda: "dport 9 " not in table(machine))
    machine.ctl("down", "other")
    machine.ctl("rename", "kit", "p")
    assert "forward_p" in table(machine) and "_kit" not in table(machine)
    machine.ctl("down", "p")
    assert machine.run("nft", "list", "table", "inet", "netnsd", code=None).returncode


def test_refused(machine):
    machine.apply(everyday())
    machine.apply(pair(), "other")
    before = machine.snapshot()
    for args, words in ((("lab", "other"), "there is already a topology other"), (("lab", "lab"), "its name already"),
                        (("nowhere", "x"), "there is no topology nowhere")):
        assert words in machine.ctl("rename", *args, code=1).stderr
    machine.ctl("rename", "lab", "a/b", code=None)
    machine.assert_same(before)
    machine.apply({**pair(), "description": "next"}, "other", "--confirm", "60")
    assert "confirm" in machine.ctl("rename", "other", "x", code=1).stderr
    machine.ctl("confirm", "other")
    machine.ctl("rename", "other", "x")


def persisted(machine):
    return sorted(path.name for path in (machine.folder / "state/topologies").iterdir())


def test_saved_for_boot(machine):
    machine.apply({"name": "lab", **everyday()}, "lab", "--persist")
    machine.ctl("rename", "lab", "web")
    assert persisted(machine) == ["web.json", "web.source"]
    assert json.loads((machine.folder / "state/topologies/web.json").read_text()) == {"name": "web", **everyday()}
    assert "on_disk" not in status(machine)["web"] and status(machine)["web"]["boot"]
    reboot(machine)
    boot(machine)
    assert list(status(machine)) == ["web"] and aliases(machine) == marked("web")


def test_file_of_the_administrator(machine):
    put(machine, {"name": "lab", **everyday()})
    restart(machine)
    before = machine.snapshot()
    error = machine.ctl("rename", "lab", "web", code=1).stderr
    assert "lab.json is used at boot and is not netnsd's" in error and '"name": "web"' in error, error
    machine.assert_same(before)
    put(machine, {"name": "web", **everyday()})
    assert "renamed" in machine.ctl("rename", "lab", "web").stdout
    assert list(status(machine)) == ["web"] and "on_disk" not in status(machine)["web"]


@pytest.mark.parametrize("call", ["renameat", "unlinkat"])
def test_cut_off(bare, call):
    """Killed at any of these the topology has one name afterwards, and so has everything of it; test_crash has the other
    calls."""
    names = []
    bare.start()
    bare.apply(everyday(), "lab", "--persist")
    before = unmarked(bare.snapshot())
    for when in range(1, 100):
        with Injector(bare, call, "signal=KILL", when):
            bare.ctl("rename", "lab", "web", code=None)
        done = survived(bare)
        if not done:
            bare.start()
        name, = bare.topologies()
        names.append(name)
        assert aliases(bare) == marked(name) and unmarked(bare.snapshot()) == before
        assert persisted(bare) == [f"{name}.json", f"{name}.source"]
        assert again(bare, everyday(), name) == f"{name}: unchanged\n"
        if name == "web":
            bare.ctl("rename", "web", "lab")
        if done:
            break
    # First it has the old name, and from some call on the new one.
    assert done and names == sorted(names) and names[0] == "lab" and names[-1] == "web", names


def test_kernel_refuses(bare):
    """The marks that were put already are the old ones again."""
    bare.start()
    bare.apply(everyday())
    before = bare.snapshot()
    with Injector(bare, "renameat", "error=ENOSPC", 2):
        error = bare.ctl("rename", "lab", "web", code=1).stderr
    assert "No space left on device" in error, error
    bare.assert_same(before)
    assert list(bare.topologies()) == ["lab"]
    assert again(bare, everyday(), "lab") == "lab: unchanged\n"
