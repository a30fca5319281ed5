# SPDX-License-Identifier: MIT
"""Recipes of the manual, as they are printed there."""
import json
import re

from machine import ROOT

BLOCKS = (ROOT / "docs/netnsd-topology.5.scd.in").read_text().split("```\n")[1::2]


def recipe(start):
    """As the page shows it: in its source a backslash is doubled."""
    return next(text for text in BLOCKS if text.startswith(start)).replace("\\\\", "\\")


def test_template(machine):
    """As many tenants as it is told, each reachable; another number changes only the difference."""
    script = recipe("jq -n")
    assert machine.sh(script).startswith("tenants: 15 created in ")
    assert machine.namespaces() == ["tenant1", "tenant2", "tenant3"]
    for i in 1, 2, 3:
        machine.ping(None, f"10.0.{i}.2")
        machine.ping(f"tenant{i}", f"10.0.{i % 3 + 1}.1")
    inodes = [machine.inode(f"tenant{i}") for i in (1, 2)]
    fewer = script.replace("--argjson n 3", "--argjson n 2")
    assert fewer != script and re.match(r"tenants: [0-9]+ removed in ", machine.sh(fewer))
    assert machine.namespaces() == ["tenant1", "tenant2"] and [machine.inode(f"tenant{i}") for i in (1, 2)] == inodes
    assert machine.sh(fewer) == "tenants: unchanged\n"


def test_merge(machine):
    """Objects of the files are merged, the later one wins."""
    base = {"namespaces": {"a": {"interfaces": {"lo": {"mtu": 1400, "addresses": ["10.1.0.1/32"]}}}, "b": {}}}
    site = {"namespaces": {"a": {"interfaces": {"lo": {"mtu": 1500}}}, "c": {}}}
    for name, topology in ("base", base), ("site", site):
        (machine.folder / f"{name}.json").write_text(json.dumps(topology))
    machine.sh(f"cd {machine.folder}; " + recipe("jq -s"))
    assert machine.namespaces() == ["a", "b", "c"] and "10.1.0.1/32" in machine.addresses("a", "lo")
    assert machine.link("a", "lo")["mtu"] == 1500
