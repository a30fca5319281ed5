# SPDX-License-Identifier: MIT
"""netnsctl reload: what is new or has changed in the boot directories is applied, and the outcome of each is
reported."""
import json
import re
import signal

import pytest
from booting import boot, put, start, status
from machine import wait_for
from topologies import everyday, many, pair
from varlink import VarlinkError


def moved(address="10.0.0.3"):
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["addresses"] = [f"{address}/24"]
    t["namespaces"]["ns1"]["routes"][0]["via"] = address
    return t


def test_reload(bare, manager):
    put(bare, everyday())
    put(bare, pair(), "two")
    gone = put(bare, many(1), "gone")
    start(bare, manager)
    put(bare, moved())
    put(bare, {"namespaces": {"n": {}}}, "new")
    put(bare, "{", "bad")
    put(bare, {"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card")
    gone.unlink()
    bare.apply({"namespaces": {"c": {}}}, "hand")
    put(bare, {"namespaces": {"d": {}}}, "hand")
    bare.ctl("down", "two")
    put(bare, many(2), "two")
    result = bare.ctl("reload", code=1)
    assert re.sub(r"in [0-9.]+ .s$", "in 1 ms", result.stdout, flags=re.M).splitlines() == [
        f"card: waiting: {bare.folder}/topologies/card.json:4:15: /host/interfaces/eth7: link host/eth7 does not exist, "
        "and netnsd does not create it",
        "gone: no longer comes up at boot; until then it stays up, or netnsctl down gone",
        "hand: left as it was applied from elsewhere; netnsctl status hand",
        "lab: 2 created, 2 removed in 1 ms",
        "new: 1 created in 1 ms",
        "two: stays down; netnsctl up two",
    ]
    assert f"{bare.folder}/topologies/bad.json:1:" in result.stderr and "bad: not applied; everything is as it was before" in result.stderr
    assert bare.addresses(None, "veth-host") == ["10.0.0.3/24"]
    assert bare.namespaces() == ["c", "n", "ns0", "ns1"]
    told = manager.until("READY=1")
    reloading = next(t for t in told if t.startswith("RELOADING=1\nMONOTONIC_USEC="))
    assert int(reloading.rsplit("=", 1)[1]) > 0
    assert told.index(reloading) < told.index("READY=1")
    again = json.loads(bare.ctl("--json", "reload", code=1).stdout)["results"]
    assert {r["name"]: r["result"] for r in again} == {
        "lab": "unchanged", "new": "unchanged", "bad": "failed", "card": "waiting", "hand": "other", "two": "down",
        "gone": "gone"}


def test_reload_of_one_that_is_refused(bare):
    """All or nothing: what is up stays as it is, and nothing new is created."""
    put(bare, everyday())
    boot(bare)
    bare.sh("ip link add taken type bridge; ip link add gone type bridge")
    before = bare.snapshot()
    t = moved()
    t["namespaces"]["ns1"]["interfaces"]["eth1"] = {"kind": "veth", "peer": "host/taken"}
    put(bare, t)
    put(bare, {"namespaces": {"n": {"interfaces": {"eth1": {"kind": "veth", "peer": "host/gone"}}}}}, "new")
    said = bare.ctl("reload", code=1).stderr
    assert f"{bare.folder}/topologies/lab.json:" in said and "lab: not applied; everything is as it was before" in said
    bare.assert_same(before)
    assert (status(bare)["lab"]["state"], status(bare)["lab"]["on_disk"]) == ("up", "changed")
    assert (status(bare)["new"]["state"], status(bare)["new"]["on_disk"]) == ("failed", "new")
    bare.sh("ip link del taken; ip link del gone")
    bare.ctl("reload")
    assert bare.addresses(None, "veth-host") == ["10.0.0.3/24"] and bare.namespaces() == ["n", "ns1"]


def test_reload_of_nothing(machine):
    assert machine.ctl("reload").stdout == "the boot directories are empty\n"


def test_reload_writes_nothing_where_nothing_changed(bare):
    put(bare, everyday())
    put(bare, pair(), "two")
    boot(bare, strace=True)
    bare.writes()
    assert bare.ctl("reload").stdout == "lab: unchanged\ntwo: unchanged\n"
    assert bare.writes() == []


def test_hangup(bare, manager):
    put(bare, everyday())
    start(bare, manager)
    put(bare, moved())
    bare.kill(signal.SIGHUP)
    told = manager.until("READY=1")
    assert told[0].startswith("RELOADING=1")
    assert bare.addresses(None, "veth-host") == ["10.0.0.3/24"]
    assert "by SIGHUP" in bare.log()
    bare.kill(signal.SIGHUP)
    manager.until("READY=1")
    bare.ping("ns1", "10.0.0.3")


def test_reload_while_starting(bare):
    """A topology that is queued twice is applied once."""
    put(bare, many(100), "many")
    bare.start()
    bare.ctl("reload")
    bare.ctl("wait", "--timeout", 0)
    assert len(bare.namespaces()) == 100


def test_reload_needs_the_right(bare):
    boot(bare)
    if bare.run("id", "-u").stdout.strip() != "0":
        pytest.skip("needs root to become another user")
    bare.sh("chmod 666 /run/netnsd/io.netnsd")
    refused = bare.run("setpriv", "--reuid=12345", "--clear-groups", "--regid=12345", "netnsctl", "reload", code=5)
    assert "not permitted" in refused.stderr


def test_waiting_topology_that_changes(bare):
    put(bare, {"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card")
    boot(bare)
    assert status(bare)["card"]["state"] == "waiting"
    put(bare, {"namespaces": {"n": {}}}, "card")
    bare.ctl("reload")
    assert status(bare)["card"]["state"] == "up" and bare.namespaces() == ["n"]
    wait_for(lambda: "on_disk" not in status(bare)["card"])


@pytest.mark.parametrize("command", [["reload"], ["up", "lab"]])
def test_record_that_cannot_be_read(bare, command):
    """A topology without a record is read from the file again."""
    put(bare, everyday())
    boot(bare)
    bare.stop()
    (bare.root / "run/netnsd/known/lab.json").write_text("garbage")
    boot(bare)
    assert status(bare)["lab"]["state"] == "failed"
    bare.ctl(*command)
    assert status(bare)["lab"]["state"] == "up"
    bare.ping("ns1", "10.0.0.1")


def prepared(bare, manager):
    """Files that a reload would apply, leave alone, have wait, or refuse."""
    put(bare, everyday())
    put(bare, pair(), "same")
    put(bare, {"namespaces": {"t": {}}}, "two")
    start(bare, manager)
    put(bare, moved())
    put(bare, {"namespaces": {"n": {}}}, "new")
    put(bare, "{", "bad")
    put(bare, {"host": {"interfaces": {"eth7": {"addresses": ["10.7.0.1/24"]}}}}, "card")
    put(bare, {"namespaces": {"foreign": {}}}, "foreign")
    bare.sh("ip netns add foreign")
    bare.ctl("down", "two")


PLANNED = """\
card: waiting: {0}/card.json:4:15: /host/interfaces/eth7: link host/eth7 does not exist, and netnsd does not create it
lab: 4 steps
  - route     ns1             default via 10.0.0.1 dev veth-ns (recreated)
  + route     ns1             default via 10.0.0.3 (recreated)
  + address   host/veth-host  10.0.0.3/24
  - address   host/veth-host  10.0.0.1/24
new: 1 step
  + namespace n
same: unchanged
two: stays down; netnsctl up two
"""


def test_reload_dry_run(bare, manager):
    """Says what a reload does, file by file, in the words of a plan, and does nothing; systemd does not hear of it."""
    prepared(bare, manager)
    manager.forget()
    before, told = bare.snapshot(), bare.topologies()
    planned = bare.ctl("reload", "--dry-run", code=1)
    folder = f"{bare.folder}/topologies"
    assert planned.stdout == PLANNED.format(folder)
    refused = [line for line in planned.stderr.splitlines() if line.startswith("netnsctl")]
    assert refused == ["netnsctl: bad: would not be applied", "netnsctl: foreign: would not be applied"]
    assert f"{folder}/foreign.json:3:16: /namespaces/foreign: " in planned.stderr
    bare.assert_same(before)
    assert bare.topologies() == told
    assert not [message for message in list(manager.messages.queue) if "RELOADING" in message]
    found = {r["name"]: r for r in json.loads(bare.ctl("--json", "reload", "--dry-run", code=1).stdout)["results"]}
    assert {name: r["result"] for name, r in found.items()} == {
        "bad": "failed", "card": "waiting", "foreign": "failed", "lab": "applied", "new": "applied", "same": "unchanged",
        "two": "down"}
    # It was right.
    done = {r["name"]: r for r in json.loads(bare.ctl("--json", "reload", code=1).stdout)["results"]}
    assert {name: r["result"] for name, r in done.items()} == {name: r["result"] for name, r in found.items()}
    for name in "lab", "new":
        counted = [sum(step["action"] == word for step in found[name]["steps"]) for word in ("create", "change", "remove")]
        assert [done[name]["summary"][word] for word in ("created", "changed", "removed")] == counted
    assert "steps" not in done["lab"] and done["foreign"]["problem"]["message"] == found["foreign"]["problem"]["message"]
    bare.sh("ip netns del foreign")


def test_reload_dry_run_exit_code(bare):
    put(bare, everyday())
    boot(bare)
    assert bare.ctl("reload", "--dry-run", "--exit-code").stdout == "lab: unchanged\n"
    put(bare, moved())
    for _ in range(2):
        assert bare.ctl("reload", "--dry-run", "--exit-code", code=3).stdout.startswith("lab: 4 steps\n")
        bare.ctl("reload", "--dry-run")
    assert "--exit-code needs --dry-run" in bare.ctl("reload", "--exit-code", code=2).stderr
    assert bare.addresses(None, "veth-host") == ["10.0.0.1/24"]
    bare.ctl("reload")
    assert bare.ctl("reload", "--dry-run", "--exit-code").stdout == "lab: unchanged\n"
    # Not a file, but what is up: somebody else's change is repaired by netnsd, without a reload.
    assert status(bare)["lab"]["state"] == "up"


def waiting(bare):
    return sorted(name for name, t in status(bare).items() if "confirm_usec" in t)


def test_reload_confirm(bare, manager):
    """All that it applies awaits confirmation, what was not up before as well, and nothing else does."""
    prepared(bare, manager)
    before = bare.snapshot()
    said = bare.ctl("reload", "--confirm", 60, code=1)
    for name in "lab", "new":
        assert re.search(rf"^{name}: .*; rolled back in \d+ s unless you run: netnsctl confirm {name}$", said.stdout, re.M)
    assert "same: unchanged\n" in said.stdout and waiting(bare) == ["lab", "new"]
    # What would wait for others would never be confirmed.
    assert "card: not applied" in said.stderr and status(bare)["card"]["state"] == "failed"
    bare.ctl("rollback")
    bare.assert_same(before)
    assert waiting(bare) == [] and status(bare)["lab"]["on_disk"] == "changed"
    # A topology that was rolled back to what it was before its first apply is down; a reload leaves that so.
    assert "new: stays down; netnsctl up new\n" in bare.ctl("reload", "--confirm", 60, code=1).stdout
    assert waiting(bare) == ["lab"]
    bare.ctl("confirm")
    bare.ctl("rollback", "new")
    assert bare.addresses(None, "veth-host") == ["10.0.0.3/24"] and "n" in bare.namespaces()
    bare.sh("ip netns del foreign")


def test_reload_that_nobody_confirms(bare):
    put(bare, everyday())
    boot(bare)
    before = bare.snapshot()
    put(bare, moved())
    put(bare, {"namespaces": {"n": {}}}, "new")
    bare.ctl("reload", "--confirm", 2)
    assert waiting(bare) == ["lab", "new"] and bare.snapshot() != before
    # A restart is not a confirmation.
    bare.restart(signal.SIGKILL)
    wait_for(lambda: waiting(bare) == [])
    bare.assert_same(before)
    assert {name: t["state"] for name, t in status(bare).items()} == {"lab": "up", "new": "down"}
    bare.restart()
    bare.assert_same(before)
    assert "--confirm takes 1 to 86400 seconds" in bare.ctl("reload", "--confirm", "0", code=2).stderr
    with pytest.raises(VarlinkError) as e:
        bare.call("Reload", confirm_seconds=86401)
    assert e.value.parameters == {"parameter": "confirm_seconds"}
