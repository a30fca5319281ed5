# SPDX-License-Identifier: MIT
"""What validates can be planned, applied, shown, stored over a restart and loaded at boot, however long it is and
whatever it consists of."""
import json

import pytest
from booting import boot, reboot, restart, status
from topologies import everyday

MAX = 8 << 20
HEAD, TAIL = '{"description": "', '", "namespaces": {"a": {}}}'
UNITS = {"slashes": "/", "escaped slashes": r"\/", "escaped controls": r"\u0001", "newlines": r"\n", "quotes": r"\"",
         "four bytes": "\U0001f600", "escaped halves": r"\ud83d\ude00", "rubouts": "\x7f"}


def text(unit, size=MAX):
    """A topology of @size bytes."""
    room = size - len(HEAD) - len(TAIL)
    count, rest = divmod(room, len(unit.encode()))
    return (HEAD + unit * count + "x" * rest + TAIL).encode()


@pytest.fixture
def write(machine):
    def file(data, name="long"):
        path = machine.folder / f"{name}.json"
        path.write_bytes(data)
        return path
    return file


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS.keys())
def test_as_long_as_may_be(machine, write, unit):
    data = text(unit)
    assert len(data) == MAX
    path = write(data)
    machine.ctl("validate", path)
    machine.ctl("plan", path)
    assert machine.ctl("apply", "--persist", path).stdout.endswith("; saved for boot\n")
    assert json.loads(machine.ctl("show", "long").stdout) == json.loads(data)
    assert machine.ctl("apply", path).stdout == "long: unchanged\n"
    restart(machine)
    assert status(machine)["long"]["state"] == "up"
    reboot(machine)
    boot(machine)
    assert (status(machine)["long"]["state"], status(machine)["long"]["boot"]) == ("up", True)


def test_one_byte_more(machine, write):
    path = write(text("/", MAX + 1))
    for command in "validate", "plan", "apply":
        assert "larger than the 8 MiB" in machine.ctl(command, path, code=2).stderr


@pytest.mark.parametrize("size, state", [(MAX, "up"), (MAX + 1, "failed")])
def test_in_a_boot_directory(machine, size, state):
    path = machine.folder / "topologies/long.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text("/", size))
    boot_code = None if state == "failed" else 0
    machine.ctl("reload", code=boot_code)
    assert status(machine)["long"]["state"] == state


def test_kept_under_the_name_it_was_applied_as(machine, write):
    """Not under the one in the file: at boot it would be another topology."""
    path = write(json.dumps({"name": "lab"} | everyday()).encode())
    machine.ctl("apply", "--persist", "--name", "other", path)
    assert list(status(machine)) == ["other"] and status(machine)["other"]["boot"]
    assert "on_disk" not in status(machine)["other"]
    assert machine.ctl("apply", "--name", "other", path).stdout == "other: unchanged\n"
    assert json.loads(machine.ctl("show", "other").stdout)["name"] == "other"
    reboot(machine)
    boot(machine)
    assert list(status(machine)) == ["other"]
    machine.ping("ns1", "10.0.0.1")


def test_what_boot_would_not_take_is_not_persisted(machine, write):
    """A longer name makes the text longer than a file may be."""
    data = HEAD.replace("{", '{"name": "a", ') + "/" * (MAX - len(HEAD) - len(TAIL) - 13) + TAIL
    path = write(data.encode())
    name = "n" * 64
    said = machine.ctl("apply", "--persist", "--name", name, path, code=1)
    assert "at most 8388608 are accepted at boot" in said.stderr
    assert machine.namespaces() == [] and status(machine) == {}
    machine.ctl("apply", "--name", name, path)


def test_names_at_their_limit(machine):
    name, netns = "n" * 64, "s" * 64
    topology = {"namespaces": {netns: {"interfaces": {"i" * 15: {"kind": "veth", "peer": netns + "/" + "j" * 15}, "j" * 15: {}}}}}
    machine.apply(topology, name, "--persist")
    reboot(machine)
    boot(machine)
    assert status(machine)[name]["state"] == "up" and machine.namespaces() == [netns]


def test_a_path_that_is_no_utf8(machine):
    folder = machine.folder.joinpath("a\udcffb")
    folder.mkdir()
    path = folder / "lab.json"
    path.write_text(json.dumps(everyday()))
    machine.ctl("apply", "--persist", path)
    assert "a?b/lab.json" in status(machine)["lab"]["source"]
