# SPDX-License-Identifier: MIT
"""The topologies of the boot directories are up after the start, once per boot; an invalid file delays nothing."""
import json
import os
import signal
import time

import pytest
from booting import boot, put, reboot, restart, start, status
from fault import HOLD, KILL, TERM
from machine import wait_for
from topologies import everyday, many, pair


def test_boot(bare, manager):
    path = put(bare, everyday())
    put(bare, pair(), "pair", "state/topologies")
    assert "READY=1\nSTATUS=2 topologies, 3 namespaces" in start(bare, manager)
    bare.ping("ns1", "10.0.0.1")
    bare.ping("a", "10.0.0.2")
    lab, two = status(bare)["lab"], status(bare)["pair"]
    assert (lab["state"], lab["boot"], lab["source"], lab["boot_file"]) == ("up", True, str(path), str(path))
    assert (two["state"], two["boot"]) == ("up", True) and "on_disk" not in two
    assert "at boot" in bare.ctl("status", "lab").stdout
    bare.ctl("down", "pair")
    assert manager.until("STATUS=")[-1] == "STATUS=1 topology, 1 namespace"


def test_restart_after_boot_writes_nothing(bare):
    put(bare, everyday())
    boot(bare)
    before = bare.snapshot()
    bare.stop()
    boot(bare, strace=True)
    bare.ctl("status")
    assert [w for w in bare.writes() if '"/run/netns"' not in w] == []
    bare.assert_same(before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_down_by_hand_stays_down_until_the_next_boot(bare, number):
    put(bare, everyday())
    boot(bare)
    bare.ctl("down", "lab")
    restart(bare, number)
    assert status(bare)["lab"]["state"] == "down" and bare.namespaces() == []
    reboot(bare)
    boot(bare)
    assert status(bare)["lab"]["state"] == "up"
    assert bare.namespaces() == ["ns1"]


def test_what_was_applied_by_hand_is_not_replaced_by_a_restart(bare):
    bare.start()
    bare.apply(pair())
    path = put(bare, everyday())
    restart(bare)
    lab = status(bare)["lab"]
    assert (lab["state"], lab["boot"], lab["on_disk"]) == ("up", True, "other")
    assert bare.namespaces() == ["a", "b"]
    assert f"lab: another file is used at boot: netnsctl apply --replace {path}" in bare.ctl("status").stdout
    bare.ctl("apply", "--replace", path)
    assert "on_disk" not in status(bare)["lab"]


WRONG = everyday() | {"nmespaces": {}}
BAD = {
    "syntax": ("{\n  nonsense", ":2:3: "),
    "empty": ("", ":1:1: "),
    "field": (json.dumps(WRONG, indent=1), "/nmespaces: unknown field"),
    "list": ("[]", ":1:1: "),
}


@pytest.mark.parametrize("text, words", BAD.values(), ids=BAD)
def test_one_bad_file_holds_up_nothing(bare, manager, text, words):
    path = put(bare, text, "bad")
    put(bare, everyday(), "zzz")
    told = start(bare, manager)
    assert "READY=1\nSTATUS=2 topologies, 1 namespace, 1 failed: bad" in told
    bare.ping("ns1", "10.0.0.1")
    bad = status(bare)["bad"]
    assert (bad["state"], bad["boot"], bad["on_disk"], bad["problem"]["file"]) == ("failed", True, "invalid", str(path))
    shown = bare.ctl("status").stdout
    assert f"bad: {path}:" in shown and words in shown
    assert words in bare.log() and f"bad: {path}:" in bare.log()
    refused = bare.ctl("up", "bad", code=2).stderr
    assert refused.startswith(f"{path}:") and words in refused
    put(bare, pair(), "bad")
    assert status(bare)["bad"]["on_disk"] == "new"
    assert "bad: new on disk: netnsctl reload, or netnsctl up bad" in bare.ctl("status").stdout
    bare.ctl("up", "bad")
    assert manager.until("STATUS=")[-1] == "STATUS=2 topologies, 3 namespaces"
    assert status(bare)["bad"]["state"] == "up" and bare.namespaces() == ["a", "b", "ns1"]


def test_refused_by_the_kernel(bare, manager):
    """A link of that name already exists."""
    bare.sh("ip link add veth-host type bridge")
    bare.at_first = bare.snapshot()
    text = json.dumps(everyday(), indent=2)
    path = put(bare, text)
    line = 1 + text[:text.index('"veth-host"')].count("\n")
    put(bare, pair(), "other")
    assert "READY=1\nSTATUS=2 topologies, 2 namespaces, 1 failed: lab" in start(bare, manager)
    problem = status(bare)["lab"]["problem"]
    assert (problem["file"], problem["line"]) == (str(path), line)
    assert f"lab: {path}:{line}:" in bare.log()
    # A restart tries it again, as it was never up.
    restart(bare)
    assert status(bare)["lab"]["state"] == "failed"
    assert bare.namespaces() == ["a", "b"]
    refused = bare.ctl("up", "lab", code=1).stderr
    assert f"{path}:{line}:" in refused
    bare.sh("ip link del veth-host")
    bare.ctl("up", "lab")
    bare.ping("ns1", "10.0.0.1")
    bare.ctl("down", "--all")
    bare.at_first = bare.snapshot()


def test_two_files_that_want_the_same(bare, manager):
    put(bare, everyday(), "a")
    path = put(bare, everyday(), "b")
    assert "READY=1\nSTATUS=2 topologies, 1 namespace, 1 failed: b" in start(bare, manager)
    assert status(bare)["b"]["problem"]["file"] == str(path)
    bare.ping("ns1", "10.0.0.1")


def test_the_file_of_the_administrator_counts(bare):
    put(bare, pair(), folder="state/topologies")
    path = put(bare, everyday())
    boot(bare)
    assert status(bare)["lab"]["state"] == "up"
    assert bare.namespaces() == ["ns1"]
    assert f"state/topologies/lab.json is not used: {path} already has the topology lab" in bare.log()


def test_file_that_says_its_name(bare):
    path = put(bare, {"name": "lab", **everyday()}, "10-first of all")
    put(bare, pair(), "no name")
    boot(bare)
    assert status(bare)["lab"]["state"] == "up"
    assert status(bare)["lab"]["source"] == str(path)
    assert "the file name cannot be the topology's name" in status(bare)["no_name"]["problem"]["message"]


UNSAFE = {
    "world-writable": (lambda path: path.chmod(0o646), "is writable for users other"),
    "of a group": (lambda path: (path.chmod(0o664), os.chown(path, 0, 12345)), "is writable for users other"),
    "of a user": (lambda path: os.chown(path, 12345, 0), "belongs to user 12345"),
    "link": (lambda path: (path.rename(path.with_suffix(".x")), path.symlink_to(path.with_suffix(".x"))), "symbolic link"),
    "pipe": (lambda path: (path.unlink(), os.mkfifo(path, 0o600)), "not a regular file"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "not a regular file"),
    "large": (lambda path: os.truncate(path, (8 << 20) + 1), "at most 8388608"),
}


@pytest.mark.parametrize("spoil, words", UNSAFE.values(), ids=UNSAFE)
def test_file_that_is_not_safe_to_use(bare, spoil, words):
    if os.geteuid() != 0 and spoil in (UNSAFE["of a user"][0], UNSAFE["of a group"][0]):
        pytest.skip("needs root to give a file away")
    path = put(bare, everyday())
    spoil(path)
    put(bare, pair(), "good")
    boot(bare)
    assert status(bare)["good"]["state"] == "up"
    lab = status(bare)["lab"]
    assert lab["state"] == "failed" and words in lab["problem"]["message"]
    assert bare.namespaces() == ["a", "b"]


def test_folder_that_others_can_write(bare):
    put(bare, everyday()).parent.chmod(0o777)
    put(bare, pair(), "good", "state/topologies")
    boot(bare)
    assert list(status(bare)) == ["good"]
    assert "is writable for users other than root: chmod go-w; nothing in it is applied" in bare.log()


def test_what_editors_leave_is_no_topology(bare):
    put(bare, pair(), ".lab")
    (bare.folder / "topologies/lab.json~").write_text("{}")
    (bare.folder / "topologies/.json").write_text("{}")
    bare.start()
    assert status(bare) == {}


def test_changed_on_disk_is_shown_and_not_applied(bare):
    put(bare, everyday())
    boot(bare)
    assert status(bare)["lab"]["state"] == "up"
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["addresses"] = ["10.0.0.3/24"]
    t["namespaces"]["ns1"]["routes"][0]["via"] = "10.0.0.3"
    put(bare, t)
    assert status(bare)["lab"]["on_disk"] == "changed"
    assert "lab: changed on disk: netnsctl reload\n" in bare.ctl("status").stdout
    assert "lab: changed on disk: netnsctl reload\n" in bare.ctl("status", "lab").stdout
    assert bare.ctl("up", "lab").stdout == "lab: unchanged\n"
    restart(bare)
    assert bare.addresses(None, "veth-host") == ["10.0.0.1/24"]
    # A topology that is brought up by its name comes from the present file.
    bare.ctl("down", "lab")
    assert "lab: changed on disk: netnsctl up lab\n" in bare.ctl("status").stdout
    bare.ctl("up", "lab")
    assert bare.addresses(None, "veth-host") == ["10.0.0.3/24"]
    assert "on_disk" not in status(bare)["lab"]
    put(bare, "{")
    assert (status(bare)["lab"]["state"], status(bare)["lab"]["on_disk"]) == ("up", "invalid")
    assert "lab: changed on disk, and invalid: " in bare.ctl("status").stdout
    (bare.folder / "topologies/lab.json").unlink()
    assert status(bare)["lab"]["boot"] is False and "until reboot" in bare.ctl("status").stdout


def test_up_and_down_of_what_is_new_on_disk(machine):
    put(machine, everyday())
    put(machine, pair(), "other")
    machine.ctl("up", "other")
    assert machine.namespaces() == ["a", "b"]
    assert machine.ctl("down", "lab").stdout == "lab: unchanged\n"
    restart(machine)
    assert machine.namespaces() == ["a", "b"] and status(machine)["lab"]["state"] == "down"
    machine.ctl("up")
    assert machine.namespaces() == ["a", "b", "ns1"]
    for path in (machine.folder / "topologies").iterdir():
        path.unlink()
    put(machine, many(2), "many")
    assert list(status(machine)) == ["lab", "many", "other"]
    (machine.folder / "topologies/many.json").unlink()
    assert list(status(machine)) == ["lab", "other"]
    machine.ctl("up", "many", code=1)


def test_more_time_is_asked_for_while_much_is_applied(bare, manager):
    put(bare, many(300), "many")
    told = start(bare, manager)
    assert any(t.startswith("EXTEND_TIMEOUT_USEC=") for t in told)
    assert told[-1] == "READY=1\nSTATUS=1 topology, 300 namespaces"
    assert len(bare.namespaces()) == 300


def test_more_time_is_requested_while_much_is_rolled_back(bare, manager, fault):
    """Interrupted changes are rolled back before anything else; objects on the host do not go by themselves."""
    bare.start(environment=fault.environment)
    fault.arm(KILL, at=150)
    bridges = {f"b{i}": {"kind": "bridge"} for i in range(200)}
    bare.apply({"host": {"interfaces": bridges}}, code=1)
    bare.ends(-signal.SIGKILL)
    assert len(bare.links()) > 100 and (bare.root / "run/netnsd/pending/lab.json").exists()
    told = start(bare, manager)
    assert any(t.startswith("EXTEND_TIMEOUT_USEC=") for t in told)
    assert bare.links() == ["lo"]


def test_one_that_waits_holds_up_nothing(bare, manager):
    put(bare, {"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card")
    put(bare, everyday())
    assert "READY=1\nSTATUS=2 topologies, 1 namespace, 1 waiting: card" in start(bare, manager)
    assert (status(bare)["card"]["state"], status(bare)["card"]["boot"]) == ("waiting", True)
    bare.sh("ip link add eth7 type bridge")
    assert manager.until("STATUS=")[-1] == "STATUS=2 topologies, 1 namespace"
    assert bare.addresses(None, "eth7") == ["10.7.0.1/24"]
    bare.ctl("down", "card")
    bare.sh("ip link del eth7")


def test_watchdog_is_fed_while_much_is_applied(bare, manager, fault):
    """Between the batches of a change the loop gets its turn."""
    manager.environment += f" WATCHDOG_USEC=400000 {fault.environment}"
    start(bare, manager)
    fault.arm(HOLD, at=10)
    client = bare.popen("netnsctl", "apply", bare.file(many(300)))
    bare.stands_still()
    due = time.monotonic() + 0.4
    wait_for(lambda: time.monotonic() > due)
    manager.forget()
    fault.arm(HOLD, at=2000)
    bare.resume()
    wait_for(lambda: fault.hits, 20)
    bare.stands_still()
    assert "WATCHDOG=1" in manager.until("WATCHDOG=1", 0)
    bare.resume()
    assert client.wait(120) == 0


def test_terminated_while_it_starts(bare, fault):
    """The machine may shut down before everything is up: what has not begun is left for the next start."""
    for i in range(30):
        put(bare, {"namespaces": {f"n{i}-{k}": {} for k in range(30)}}, f"t{i}")
    fault.arm(TERM, at=3000)
    bare.start(wait=False, environment=fault.environment)
    bare.ends()
    some = len(bare.namespaces())
    assert 0 < some < 900 and some % 30 == 0
    boot(bare)
    assert len(bare.namespaces()) == 900


def test_killed_while_it_boots(bare, fault):
    """The interrupted one has no record: it is rolled back, and applied like any other."""
    put(bare, many(60))
    fault.arm(KILL, at=400)
    bare.start(wait=False, environment=fault.environment)
    bare.ends(-signal.SIGKILL)
    assert (bare.root / "run/netnsd/pending/lab.json").exists()
    boot(bare)
    assert status(bare)["lab"]["state"] == "up" and len(bare.namespaces()) == 60
    assert "lab: an interrupted change was rolled back" in bare.log()


def test_a_made_up_name_gives_way(bare):
    """What cannot name a topology is shown under a similar name, and takes nobody's."""
    put(bare, "{", "a b")
    put(bare, "{", "n" * 65)
    put(bare, {"namespaces": {"ab": {}}}, "a_b", "state/topologies")
    put(bare, {"namespaces": {"nn": {}}}, "n" * 64, "state/topologies")
    boot(bare)
    assert bare.namespaces() == ["ab", "nn"]
    assert "a b.json is not used" in bare.log()
