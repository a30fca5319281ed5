# SPDX-License-Identifier: MIT
"""Each kind of link × what can be done with one, on every kernel of the tests; the rows are in lib/matrix_rows.py. A kernel
without the kind, or a row that says why not, leaves a cell empty, with its reason; tests/matrix.py prints the table."""
import json
import subprocess

import pytest
from machine import NETNSCTL, NEVER, wait_for
from matrix_rows import BY_KIND, RECREATED, ROWS

pytestmark = pytest.mark.every_kernel
# A step that the kernel refuses, and that comes late.
REFUSED = {"net.ipv4.ip_default_ttl": 999}
# Of a link that is recreated, and what is on top of another one; a bridge keeps what its ports had in common.
NUMBERS = "ifindex", "link_index", "link_netnsid", "tso_max_size", "tso_max_segs", "gso_max_size", "gro_max_size"


@pytest.fixture
def machine(bare):
    """One for which nothing is a fight."""
    bare.start("--heal-burst", NEVER)
    return bare


@pytest.fixture(params=BY_KIND)
def row(request, machine):
    """A row that this kernel can fill."""
    found, cell = BY_KIND[request.param], request.node.originalname.removeprefix("test_")
    if cell in found.cells:
        pytest.skip(found.cells[cell])
    made = machine.run("sh", "-ec", found.script(), code=None)
    if made.returncode == 0:
        found.lacks(lambda command: machine.run("sh", "-ec", command, code=None).returncode == 0)
        request.node.user_properties.append(("fields", " ".join(found.fields())))
    machine.sh("for n in a b; do ip netns del $n 2>/dev/null || true; done")
    wait_for(lambda: machine.snapshot() == machine.at_first)
    if made.returncode:
        assert "Unknown device type" in made.stderr or "not supported" in made.stderr, made.stderr
        pytest.skip(f"this kernel has no {found.kind}")
    return found


def steady(machine):
    """What there is, without what differs in a link that is recreated."""
    return [line for line in machine.snapshot() if not any(f" {number} " in line for number in NUMBERS) and not line.startswith("netns ")]


def assert_same(machine, before):
    def differences():
        now = steady(machine)
        return [*(f"- {line}" for line in before if line not in now), *(f"+ {line}" for line in now if line not in before)]
    try:
        wait_for(lambda: not differences(), 5)
    except AssertionError as e:
        raise AssertionError("\n".join(differences())) from e


def unchanged(machine, t):
    out = machine.apply(t).stdout.strip()
    assert out == "lab: unchanged", machine.ctl("plan", machine.file(t)).stdout or out


def shows(machine, row, fields):
    """ip(8) shows these, and the first value of every other field."""
    link = machine.link("a", "x")
    for name, field in row.fields().items():
        value = fields.get(name, row.base.get(name, field.first))
        assert field.found(name, link) == field.expected(value), f"{name}: {field.found(name, link)}, not {field.expected(value)}"


def test_rows():
    """Each kind of link has one, and each of its fields two values."""
    schema = json.loads(subprocess.run([NETNSCTL, "schema"], stdout=subprocess.PIPE, check=True).stdout)["$defs"]
    kinds = {name.removeprefix("interfaces-"): set(d["properties"]) for name, d in schema.items() if name.startswith("interfaces-")}
    common = kinds.pop("interface") | {"kind"}
    assert {kind: fields - common for kind, fields in kinds.items()} == {row.kind: set(row.own) for row in ROWS}


def test_create(machine, row):
    """As declared, with the defaults for the rest; with other values."""
    for fields in row.variants():
        machine.apply(row.topology(**fields))
        shows(machine, row, fields)
        machine.ctl("down", "lab")


def test_read_back(machine, row):
    """What was created is as declared: nothing changes it again, neither now nor after a restart."""
    for fields in row.variants():
        machine.apply(row.topology(**fields))
        unchanged(machine, row.topology(**fields))
    machine.restart(strace=True)
    machine.writes()
    unchanged(machine, row.topology(**fields))
    assert machine.writes() == []


def test_change(machine, row):
    """Each field, there and back: in place, or by a new link, as the plan says; without it, it is as new."""
    for name, field in row.fields().items():
        first = {**row.firsts(), **(field.more or {})}
        second = {**first, name: field.second}
        machine.apply(row.topology(**first))
        before, index = steady(machine), machine.link("a", "x")["ifindex"]
        plan = machine.ctl("plan", machine.file(row.topology(**second))).stdout
        assert ("recreate" in plan) == (field.how == RECREATED), plan
        machine.apply(row.topology(**second))
        shows(machine, row, second)
        unchanged(machine, row.topology(**second))
        assert (machine.link("a", "x")["ifindex"] != index) == (field.how == RECREATED), name
        machine.apply(row.topology(**first))
        assert_same(machine, before)


def damage(row):
    """(what is declared, commands): it is deleted; each of its own fields changes that no file sets; each field that one
    sets."""
    fields = row.fields()
    yield row.firsts(), ["ip -n a link del x"]
    together = {name: f for name, f in fields.items() if f.more is None}
    yield row.firsts(), [f.by_hand(row.kind, name, f.second) for name, f in together.items() if name in row.own]
    yield {name: f.second for name, f in together.items()}, [f.by_hand(row.kind, name, f.first) for name, f in together.items()]
    for name, f in fields.items():
        if f.more is not None:
            yield {**row.firsts(), **f.more, name: f.second}, [f.by_hand(row.kind, name, f.first)]


def test_heal(machine, row):
    for fields, commands in damage(row):
        t, commands = row.topology(**fields), [c for c in commands if c]
        machine.apply(t)
        before = steady(machine)
        for command in commands:
            healed = machine.status().get("healed", 0)
            machine.sh(command)
            wait_for(lambda: machine.status().get("healed", 0) > healed)
            assert_same(machine, before)
        unchanged(machine, t)


def test_roll_back(machine, row):
    """What the kernel refuses late, and what nobody confirms, leaves nothing."""
    machine.apply(row.without())
    without = steady(machine)
    machine.apply({**row.topology(), "host": {"sysctl": REFUSED}}, code=1)
    assert_same(machine, without)
    machine.apply(row.topology(**row.firsts()))
    before = steady(machine)
    for t in [row.without(), *(row.topology(**fields) for fields in row.variants()[1:])]:
        machine.apply(t, "lab", "--confirm", "60")
        machine.ctl("rollback", "lab")
        assert_same(machine, before)
        machine.apply({**t, "host": {"sysctl": REFUSED}}, code=1)
        assert_same(machine, before)
    unchanged(machine, row.topology(**row.firsts()))


def test_remove(machine, row):
    """Alone, and with everything."""
    machine.apply(row.without())
    without = machine.snapshot()
    machine.apply(row.topology())
    machine.apply(row.without())
    machine.assert_same(without)
    machine.apply(row.topology())
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


def test_adopt(machine, row):
    """Somebody made it by hand."""
    machine.sh(row.script())
    assert "another program" in machine.apply(row.topology(), code=1).stderr
    machine.ctl("adopt", machine.file(row.topology()))
    unchanged(machine, row.topology())
    machine.ctl("down", "lab")
    machine.assert_same(machine.at_first)


def test_export(machine, row):
    """What is exported makes the same again."""
    for fields in row.variants():
        machine.apply(row.topology(**fields))
        before, result = steady(machine), machine.run(NETNSCTL, "export")
        assert result.stderr == ""
        again = json.loads(result.stdout)
        assert machine.apply(again, "lab", "--replace").stdout.strip() == "lab: unchanged"
        machine.ctl("down", "lab")
        machine.apply(again)
        assert_same(machine, before)
        machine.ctl("down", "lab")


def test_record(machine, row):
    """The commands that make it are recorded as what makes it."""
    recorded = machine.run(NETNSCTL, "record", "--", "sh", "-ec", row.script())
    assert recorded.stderr == ""
    machine.apply(row.topology())
    assert machine.apply(recorded.stdout, "lab", "--replace").stdout.strip() == "lab: unchanged"
