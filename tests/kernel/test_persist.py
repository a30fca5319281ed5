# SPDX-License-Identifier: MIT
"""A topology of apply --persist comes up at boot, and no other does: only after the commit, and with --confirm only
after that."""
import json
import re
import signal
import stat

import pytest
from booting import boot, put, reboot, restart, status
from machine import wait_for
from topologies import everyday, many, pair


def persisted(machine):
    """The names in the state directory."""
    folder = machine.folder / "state/topologies"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


LAB = ["lab.json", "lab.source"]


def test_persist(machine):
    said = machine.apply(everyday(), "lab", "--persist").stdout
    assert said.startswith("lab: 5 created in ") and said.endswith("; saved for boot\n")
    path = machine.folder / "state/topologies/lab.json"
    assert json.loads(path.read_text()) == everyday() and persisted(machine) == LAB
    for p, mode in ((path, 0o600), (path.with_suffix(".source"), 0o600), (path.parent, 0o700), (path.parent.parent, 0o755)):
        assert stat.S_IMODE(p.stat().st_mode) == mode, p
    assert (status(machine)["lab"]["boot"], status(machine)["lab"]["boot_file"]) == (True, str(path))
    reboot(machine)
    boot(machine)
    machine.ping("ns1", "10.0.0.1")
    # Its source is known, too, so the same file may change it.
    assert status(machine)["lab"]["source"] == str(machine.folder / "lab.json")
    assert machine.apply(everyday()).stdout == "lab: unchanged\n"


def test_without_persist_it_is_gone(machine):
    machine.apply(everyday())
    assert status(machine)["lab"]["boot"] is False
    reboot(machine)
    boot(machine)
    assert status(machine) == {} and persisted(machine) == []


def test_persist_what_is_up_already(machine):
    machine.apply(everyday())
    assert machine.apply(everyday(), "lab", "--persist").stdout == "lab: unchanged; saved for boot\n"
    assert persisted(machine) == LAB
    # Retried until the next boot, then for good.
    machine.apply(pair())
    assert status(machine)["lab"]["on_disk"] == "changed"
    assert json.loads((machine.folder / "state/topologies/lab.json").read_text()) == everyday()
    machine.apply(pair(), "lab", "--persist")
    assert json.loads((machine.folder / "state/topologies/lab.json").read_text()) == pair()
    assert "on_disk" not in status(machine)["lab"]


def test_reload_reverts_to_what_is_persisted(machine):
    machine.apply(everyday(), "lab", "--persist")
    machine.apply(pair())
    machine.ctl("reload")
    assert machine.namespaces() == ["ns1"]


def test_persist_of_what_is_refused(machine):
    machine.sh("ip link add veth-host type bridge")
    machine.apply(everyday(), "lab", "--persist", code=1)
    assert persisted(machine) == []
    machine.sh("ip link del veth-host")
    machine.apply(everyday(), "lab", "--persist")
    machine.sh("ip link add taken type bridge")
    t = everyday()
    t["namespaces"]["ns1"]["interfaces"]["eth1"] = {"kind": "veth", "peer": "host/taken"}
    machine.apply(t, "lab", "--persist", code=1)
    machine.sh("ip link del taken")
    assert json.loads((machine.folder / "state/topologies/lab.json").read_text()) == everyday()
    assert persisted(machine) == LAB


def test_persist_that_cannot_be_written(machine):
    """Nothing is touched when it is clear that it cannot be saved."""
    (machine.folder / "state").write_text("in the way")
    said = machine.apply(everyday(), "lab", "--persist", code=1).stderr
    assert "Not a directory" in said and "everything is as it was before" in said
    assert machine.namespaces() == [] and status(machine) == {}


def test_persist_that_fails_at_the_end(bare):
    """The change is done by then: that is reported, and the next start tries again."""
    state = bare.folder / "state/topologies"
    boot(bare)
    pid = bare.pid()
    # The fourth is that of the directory: two files and the record come before.
    tracer = bare.popen("strace", "-f", "-qq", "-o", bare.folder / "trace", "-e", "inject=fsync:error=EIO:when=4",
                        "-e", "trace=fsync", "-p", pid)
    wait_for(lambda: "TracerPid:\t0" not in bare.sh(f"cat /proc/{pid}/status"))
    said = bare.apply(everyday(), "lab", "--persist", code=1).stderr
    bare.sh("kill $(pgrep -x strace)")
    tracer.wait(10)
    assert "Input/output error" in said and "lab: done, but not saved for the next boot" in said
    bare.ping("ns1", "10.0.0.1")
    for path in state.iterdir():
        path.unlink()
    restart(bare)
    assert persisted(bare) == LAB and status(bare)["lab"]["boot"] is True


def test_persist_with_confirm(machine):
    machine.apply(everyday(), "lab", "--persist", "--confirm", 60)
    assert persisted(machine) == [] and status(machine)["lab"]["boot"] is False
    restart(machine, signal.SIGKILL)
    assert persisted(machine) == []
    machine.ctl("confirm", "lab")
    assert persisted(machine) == LAB and status(machine)["lab"]["boot"] is True
    before = (machine.folder / "state/topologies/lab.json").read_text()
    machine.apply(pair(), "lab", "--persist", "--confirm", 60)
    machine.ctl("rollback", "lab")
    assert (machine.folder / "state/topologies/lab.json").read_text() == before
    assert machine.namespaces() == ["ns1"] and persisted(machine) == LAB
    # The request to save it for boot is dropped by the rollback.
    restart(machine)
    assert (machine.folder / "state/topologies/lab.json").read_text() == before


def test_confirm_that_cannot_be_persisted(machine):
    machine.apply(everyday(), "lab", "--persist", "--confirm", 60)
    (machine.folder / "state/topologies").rmdir()
    (machine.folder / "state/topologies").write_text("in the way")
    assert "Not a directory" in machine.ctl("confirm", "lab", code=1).stderr
    assert status(machine)["lab"]["confirm_usec"] > 0
    (machine.folder / "state/topologies").unlink()
    machine.ctl("confirm", "lab")
    assert persisted(machine) == LAB


def test_persist_that_was_not_confirmed(machine):
    machine.apply(everyday(), "lab", "--persist", "--confirm", 1)
    wait_for(lambda: machine.namespaces() == [], 5)
    wait_for(lambda: status(machine)["lab"]["state"] == "down")
    restart(machine)
    assert persisted(machine) == [] and machine.namespaces() == []


def test_persist_of_what_waits(machine):
    machine.apply({"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card", "--persist", code=1)
    assert persisted(machine) == ["card.json", "card.source"]
    machine.ctl("down", "card", "--forget")
    assert persisted(machine) == []


def test_forget(machine):
    machine.apply(everyday(), "lab", "--persist")
    machine.apply(pair(), "two", "--persist")
    machine.ctl("down", "lab")
    assert persisted(machine) == ["lab.json", "lab.source", "two.json", "two.source"]
    machine.ctl("down", "lab", "two", "--forget")
    assert persisted(machine) == [] and status(machine) == {}
    restart(machine)
    assert machine.namespaces() == [] and status(machine) == {}


def test_forget_says_what_it_did(machine):
    """Also of one that is down already."""
    machine.apply(everyday(), "lab", "--persist")
    machine.ctl("down", "lab")
    assert machine.ctl("down", "lab").stdout == "lab: unchanged\n"
    assert machine.ctl("down", "lab", "--forget").stdout == "lab: unchanged; forgotten\n"
    assert persisted(machine) == [] and status(machine) == {}
    machine.apply(everyday())
    assert re.fullmatch(r"lab: 2 removed in .*; forgotten\n", machine.ctl("down", "lab", "--forget").stdout)
    # Nothing is said of what was not done.
    machine.apply(everyday())
    assert "forgotten" not in machine.ctl("down", "lab").stdout
    assert machine.call("Down", names=["lab"], forget=True)["summaries"][0]["forgotten"] is True


def test_forget_what_the_administrator_has(machine):
    """netnsd does not remove that file; but the topology does not come up before the next boot."""
    path = put(machine, everyday())
    machine.ctl("up", "lab")
    said = machine.ctl("down", "--forget", "lab").stdout
    assert said.endswith(f"; comes up again at boot: {path}\n")
    assert status(machine)["lab"]["state"] == "down" and path.exists()
    restart(machine)
    assert machine.namespaces() == []


def test_forget_that_is_refused_forgets_nothing(machine):
    machine.apply({"namespaces": {"n": {}}}, "lab", "--persist")
    machine.apply({"namespaces": {"n": {"existing": True, "sysctl": {"net.ipv4.ip_forward": 1}}}}, "guest")
    assert "in use by the topology guest" in machine.ctl("down", "--forget", "lab", code=1).stderr
    assert persisted(machine) == LAB


def test_persist_beside_a_file_of_the_administrator(machine):
    path = put(machine, everyday())
    said = machine.apply(pair(), "lab", "--persist", code=1).stderr
    assert f"{path} is used at boot and is not netnsd's" in said
    assert machine.namespaces() == [] and persisted(machine) == []


def test_rollback_to_nothing_of_what_is_persisted(machine):
    """It still comes up at boot, but not before."""
    machine.apply(everyday(), "lab", "--persist")
    machine.ctl("rollback", "lab")
    assert machine.namespaces() == [] and status(machine)["lab"]["state"] == "down"
    restart(machine)
    assert machine.namespaces() == [] and persisted(machine) == LAB


def test_confirm_under_a_name_that_another_file_has(machine):
    """At boot the first of them would count."""
    put(machine, {"name": "lab", **pair()}, "a-other", "state/topologies")
    machine.apply(everyday(), "lab", "--persist", "--replace", "--confirm", 30)
    assert persisted(machine) == ["a-other.json"]
    machine.ctl("confirm", "lab")
    assert persisted(machine) == LAB


def test_persist_under_a_name_that_another_file_has(machine):
    put(machine, {"name": "lab", **pair()}, "z-other", "state/topologies")
    put(machine, {"name": "lab", **pair()}, "a-other", "state/topologies")
    machine.apply(everyday(), "lab", "--persist", "--replace")
    assert persisted(machine) == LAB
    machine.ctl("down", "--forget", "lab")
    assert persisted(machine) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_while_it_persists(machine, number):
    """What is up comes up at boot, or what was before does."""
    t = many(20)
    for _ in range(5):
        client = machine.popen("netnsctl", "apply", "--persist", machine.file(t))
        wait_for(lambda: (machine.root / "run/netnsd/pending/lab.json").exists() or client.poll() is not None)
        machine.stop(number)
        client.wait(20)
        machine.start()
        up = status(machine).get("lab", {}).get("state") == "up"
        assert persisted(machine) == (LAB if up else [])
        assert len(machine.namespaces()) == (20 if up else 0)
        if up:
            assert json.loads((machine.folder / "state/topologies/lab.json").read_text()) == t
        machine.ctl("down", "--all", "--forget")
        assert persisted(machine) == []
