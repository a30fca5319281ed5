# SPDX-License-Identifier: MIT
"""netnsctl diff: what is declared, what is live, and a file, against each other."""
import json

from topologies import everyday


def steps(out):
    """The lines of steps, their blanks reduced."""
    return [" ".join(line.split()) for line in out.splitlines() if line.startswith("  ")]


def changed():
    """The file gets another address and a route."""
    t = everyday()
    t["host"]["interfaces"]["veth-host"]["addresses"] = ["10.0.0.1/24", "10.0.7.1/24"]
    return t


def drifted(machine):
    """A topology that netnsd reports and does not heal."""
    t = everyday()
    t["on_drift"] = "report"
    machine.apply(t)
    return t


def test_equal(machine):
    machine.apply(everyday())
    assert machine.ctl("diff", "lab").stdout == "lab: as declared\n"
    assert machine.ctl("diff", "lab", machine.file(everyday())).stdout.startswith("lab: as ")
    assert json.loads(machine.ctl("diff", "--json", "lab").stdout)["steps"] == []


def test_drift(machine):
    """Without a file: what would make it as declared."""
    drifted(machine)
    machine.sh("ip -n ns1 route del default; ip link set veth-host mtu 1400")
    out = machine.ctl("diff", "lab", code=3).stdout
    assert out.startswith("lab: 2 steps to be as declared\n")
    assert sorted(steps(out)) == ["+ route ns1 default via 10.0.0.1", "~ link host/veth-host mtu 1400 → 1500"]


def test_file(machine):
    """With a file: what apply would do, in the words of plan; drift is marked, and so is drift that the file accepts."""
    t = drifted(machine)
    new = changed()
    new["on_drift"] = "report"
    file = machine.file(new, "new")
    out = machine.ctl("diff", "lab", file, code=3).stdout
    assert steps(out) == steps(machine.ctl("plan", "--name", "lab", "--replace", file).stdout) != []
    machine.sh("ip -n ns1 route del default")
    out = machine.ctl("diff", "lab", file, code=3).stdout
    assert sorted(steps(out)) == ["+ address host/veth-host 10.0.7.1/24", "+ route ns1 default via 10.0.0.1 (drift)"]
    found = json.loads(machine.ctl("diff", "--json", "lab", file, code=3).stdout)
    assert sorted((s["kind"], s["drift"]) for s in found["steps"]) == [("address", False), ("route", True)] and found["accepted"] == []
    del new["namespaces"]["ns1"]["routes"]
    new["host"] = t["host"]
    out = machine.ctl("diff", "lab", machine.file(new, "new"), code=3).stdout
    assert steps(out) == ["+ route ns1 default via 10.0.0.1"] and "not as declared, but as" in out


def test_refused(machine):
    machine.apply(everyday())
    assert "no topology" in machine.ctl("diff", "nobody", code=1).stderr
    assert machine.ctl("diff", "lab", machine.file("{", "bad"), code=2).stdout == ""
    assert machine.ctl("diff", "lab", machine.file({"version": 2}, "bad"), code=2).stdout == ""
