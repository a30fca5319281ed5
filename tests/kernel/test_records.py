# SPDX-License-Identifier: MIT
"""What is read from disk is checked like what arrives over the socket: whatever is wrong with a record makes that
topology failed, with the file and the field; nothing of it is created, and everything else works."""
import json
import os
import shutil
import signal

import pytest
from booting import boot, put, status
from machine import NETNSD, wait_for
from topologies import everyday

HUGE = 1 << 63
VALUES = [None, True, -1, HUGE, 1.5, "", "odd", "\0", "x" * 5000, [], {}, [None], {"odd": 1}]


def topology(name):
    """Something of its own and something of the host's, so that there are saved values."""
    return {"host": {"sysctl": {"net.ipv4.ip_default_ttl": 70}}, "namespaces": {f"n-{name}": {}}}


@pytest.fixture
def record(machine):
    """A record with a previous topology."""
    machine.apply(topology("lab"))
    machine.apply({**topology("lab"), "description": "the second"})
    machine.stop()
    known = machine.root / "run/netnsd/known"
    return known, json.loads((known / "lab.json").read_text())


def mutations(record):
    """Each field missing and with each value of another kind; each saved object likewise."""
    def changed(path, value):
        new = json.loads(json.dumps(record))
        at = new
        for step in path[:-1]:
            at = at[step]
        if value == "missing":
            del at[path[-1]]
        else:
            at[path[-1]] = value
        return new

    paths = [(key,) for key in record] + [("previous", key) for key in record["previous"]]
    paths += [("originals", 0, key) for key in record["originals"][0]]
    paths += [("originals", 0, "fields", key) for key in record["originals"][0]["fields"]]
    for path in paths:
        for value in [*VALUES, "missing"]:
            old = record
            for step in path:
                old = old[step]
            if not same_kind(path, old, value):
                yield path, value, changed(path, value)
    yield ("odd",), 1, {**record, "odd": 1}
    yield ("previous", "odd"), 1, changed(("previous", "odd"), 1)
    for state in "parked", "UP", "up ", "":
        yield ("state",), state, changed(("state",), state)
    for usec in -1, -HUGE, HUGE, 1 << 62, 10 ** 18:
        yield ("confirm_usec",), usec, changed(("confirm_usec",), usec)
    for usec in -1, HUGE - 1, 10 ** 18:
        yield ("since_usec",), usec, changed(("since_usec",), usec)
    yield ("healed",), 1 << 32, changed(("healed",), 1 << 32)
    for text in "../../etc", "a/b", "a b", "":
        yield ("originals", 0, "netns"), text, changed(("originals", 0, "netns"), text)


def same_kind(path, old, value):
    """Whether @value is as good as the original."""
    if value == "missing":
        return path in [("confirm_usec",), ("previous",), ("adopt",), ("persist",), ("forget",)] or path[-1] == "value"
    if path in [("topology",), ("previous", "topology")] and value == {}:
        return True
    if path in [("originals",), ("delta",)] and value == []:
        return True
    if path in [("source",), ("previous", "source")] and isinstance(value, str) and "\0" not in value and len(value) < 4097:
        return True
    if path[-1] == "value" or (path[-1] in ("netns", "name") and value == "odd"):
        return True
    return type(old) is type(value) and isinstance(value, bool)


def test_every_field(machine, record):
    known, good = record
    made = {}
    for i, (path, value, new) in enumerate(mutations(good)):
        name = f"m{i}"
        text = json.dumps(new)
        if path != ("name",):
            text = text.replace('"name": "lab"', f'"name": "{name}"')
        made[name] = path, value
        (known / f"{name}.json").write_text(text.replace("n-lab", f"n-{name}"))
    assert len(made) > 200
    boot(machine)
    found = status(machine)
    assert found.pop("lab")["state"] == "up"
    assert set(found) == set(made)
    for name, (path, value) in made.items():
        said = found[name].get("problem", {}).get("message", "")
        where = f"{path} = {str(value)[:40]!r}: {found[name]['state']}, {said}"
        assert found[name]["state"] == "failed", where
        assert f"/run/netnsd/known/{name}.json" in said and f"netnsctl down --forget {name}" in said, where
        assert f'"{path[0]}"' in said and (path[-1] in said or path[0] == "originals"), where
    assert machine.namespaces() == ["n-lab"]
    assert machine.sysctl(None, "net.ipv4.ip_default_ttl") == "70"
    machine.apply({**topology("lab"), "description": "the third"})
    machine.ctl("down", "--forget", *made)
    assert set(status(machine)) == {"lab"}
    assert machine.namespaces() == ["n-lab"]
    machine.restart()
    assert set(status(machine)) == {"lab"}


SPOILS = {
    "no text": lambda p: p.write_text(""),
    "two values": lambda p: p.write_text(p.read_text() * 2),
    "text behind it": lambda p: p.write_text(p.read_text() + "x"),
    "a NUL": lambda p: p.write_bytes(p.read_bytes().replace(b"{", b"{\0", 1)),
    "a NUL behind it": lambda p: p.write_bytes(p.read_bytes() + b"\0"),
    "deep": lambda p: p.write_text("[" * 100000),
    "half": lambda p: p.write_text(p.read_text()[:-20]),
    "a list": lambda p: p.write_text("[]"),
    "binary": lambda p: p.write_bytes(bytes(range(256)) * 64),
    "a directory": lambda p: (p.unlink(), p.mkdir()),
    "a pipe": lambda p: (p.unlink(), os.mkfifo(p)),
    "a link": lambda p: (p.rename(p.with_name("other")), p.symlink_to("other")),
    "a link to nowhere": lambda p: (p.unlink(), p.symlink_to("nowhere")),
    "of a user": lambda p: os.chown(p, 12345, 0),
    "of a group": lambda p: (p.chmod(0o664), os.chown(p, 0, 12345)),
    "world-writable": lambda p: p.chmod(0o646),
    "of another topology": lambda p: p.write_text(p.read_text().replace('"name":"lab"', '"name":"other"')),
}


@pytest.mark.parametrize("folder", ["known", "pending"])
@pytest.mark.parametrize("spoil", SPOILS)
def test_file_that_is_no_record(machine, spoil, folder):
    if os.geteuid() and "of a" in spoil:
        pytest.skip("needs other users")
    machine.apply(topology("lab"))
    machine.apply(everyday(), "good")
    path = machine.root / "run/netnsd" / folder / "lab.json"
    machine.stop()
    if folder == "pending":
        shutil.copy(path.parent.with_name("known") / "lab.json", path)
    SPOILS[spoil](path)
    before = machine.snapshot()
    boot(machine)
    found = status(machine)
    assert found["good"]["state"] == "up" and found["lab"]["state"] == "failed"
    assert f"/run/netnsd/{folder}/lab.json" in found["lab"]["problem"]["message"]
    machine.assert_same(before)
    machine.sh("ip -n ns1 addr del 10.0.0.2/24 dev veth-ns")
    wait_for(lambda: machine.addresses("ns1", "veth-ns") == ["10.0.0.2/24"], 5)
    machine.stop()
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    machine.start()
    machine.apply(topology("lab"))
    assert status(machine)["lab"]["state"] == "up"


def test_names_that_are_no_records(machine):
    known = machine.root / "run/netnsd/known"
    odd = [".json", "a b.json", ".hidden.json", f"{'x' * 65}.json", "lab.json~", "lab.txt", "-.json", "ä.json"]
    machine.apply(topology("lab"))
    machine.stop()
    for name in odd:
        shutil.copy(known / "lab.json", known / name)
    (known / "sub").mkdir()
    boot(machine)
    assert set(status(machine)) == {"lab"}
    for name in [*odd, "sub"]:
        assert f"/run/netnsd/known/{name} is not named like a record" in machine.log()
    machine.ctl("down", "--forget", "lab")
    machine.stop()
    assert {p.name for p in known.iterdir()} == {*odd, "sub"}
    machine.start()


def test_previous_topology_is_checked(machine, record):
    known, good = record
    good["previous"]["topology"]["namespaces"] = {"../x": {}}
    (known / "lab.json").write_text(json.dumps(good))
    boot(machine)
    lab = status(machine)["lab"]
    assert lab["state"] == "failed" and "/run/netnsd/known/lab.json" in lab["problem"]["message"]
    assert '"previous"' in lab["problem"]["message"]
    machine.apply(topology("lab"), "lab", "--replace")
    assert status(machine)["lab"]["state"] == "up"


@pytest.mark.parametrize("place", [("topology", "namespaces"), ("topology", "host", "sysctl"), ("topology", "host"),
                                   ("previous", "topology", "namespaces"), ("topology", "namespaces", "n-lab")])
def test_numbers_with_a_fraction(machine, record, place):
    """For such a number, too, it is known that its position is unknown."""
    known, good = record
    at = good
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = 1.5
    (known / "lab.json").write_text(json.dumps(good))
    boot(machine)
    lab = status(machine)["lab"]
    assert lab["state"] == "failed" and "/run/netnsd/known/lab.json" in lab["problem"]["message"]
    assert "line" not in lab["problem"] and "column" not in lab["problem"]
    machine.apply(topology("lab"), "lab", "--replace")


def test_time_to_confirm_survives_the_checks(machine):
    machine.apply(topology("lab"), "lab", "--confirm", "86400")
    machine.restart(signal.SIGKILL)
    assert status(machine)["lab"]["state"] == "up"
    machine.ctl("confirm", "lab")


@pytest.mark.parametrize("file", ["log", "log.old"])
@pytest.mark.parametrize("what", ["directory", "link", "pipe", "of a user"])
def test_event_file_that_is_not_ours(machine, file, what):
    if os.geteuid() and what == "of a user":
        pytest.skip("needs other users")
    machine.apply(everyday())
    path = machine.root / "run/netnsd" / file
    machine.stop()
    path.unlink(missing_ok=True)
    {"directory": path.mkdir, "link": lambda: path.symlink_to("/run/target"), "pipe": lambda: os.mkfifo(path),
     "of a user": lambda: (path.write_text("{}\n"), os.chown(path, 12345, 0))}[what]()
    machine.start()
    assert f"/run/netnsd/{file} is not a file of netnsd's own" in machine.log()
    assert not (machine.root / "run/target").exists()
    machine.apply(everyday())
    machine.ctl("log")


ODD_EVENTS = [
    "x", "{}", "[]", "1", '{"topology": "lab"}', '{"time_usec": "1", "event": "applied", "topology": "lab"}',
    '{"time_usec": -1, "event": "applied", "topology": "lab"}', '{"time_usec": 1, "event": "odd", "topology": "lab"}',
    '{"time_usec": 1, "event": "applied", "topology": "../x"}', '{"time_usec": 1, "event": "applied", "topology": ["lab"]}',
    '{"time_usec": 1, "event": "applied", "topology": "lab", "odd": 1}',
    '{"time_usec": 1, "event": "applied", "topology": "lab", "message": {"a": 1}}',
    '{"time_usec": 1, "event": "applied", "topology": "lab", "errno": "x"}',
]


def test_lines_that_are_no_events(machine):
    machine.apply(everyday())
    machine.stop()
    path = machine.root / "run/netnsd/log"
    path.write_text("".join(line + "\n" for line in ODD_EVENTS) + path.read_text())
    boot(machine)
    assert f"/run/netnsd/log: {len(ODD_EVENTS)} lines are invalid, and ignored" in machine.log()
    events = json.loads(machine.ctl("--json", "log").stdout)["events"]
    assert [e["event"] for e in events] == ["applied"]


PLACES = {
    "of a user": lambda p: (p.mkdir(), os.chown(p, 12345, 12345)),
    "writable": lambda p: (p.mkdir(), p.chmod(0o777)),
    "sticky": lambda p: (p.mkdir(), p.chmod(0o1777)),
    "of a group": lambda p: (p.mkdir(), os.chown(p, 0, 12345), p.chmod(0o775)),
    "a link": lambda p: (p.with_name("real").mkdir(), p.symlink_to("real")),
    "a link of a user": lambda p: (p.with_name("real").mkdir(), p.symlink_to("real"), os.lchown(p, 12345, 12345)),
    "a file": lambda p: p.touch(),
    "a link to nowhere": lambda p: p.symlink_to("nowhere"),
    "within a user's": lambda p: (p.mkdir(), (p / "x").mkdir(), os.chown(p, 12345, 12345)),
    "within a writable one": lambda p: (p.mkdir(), (p / "x").mkdir(), p.chmod(0o777)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("option", ["--run", "--run below", "--socket"])
def test_directory_that_others_can_turn(bare, place, option):
    """It is not used, the message has the whole path, and nothing is created."""
    if os.geteuid():
        pytest.skip("needs other users")
    if option == "--socket" and place in ("sticky", "a link"):
        pytest.skip("may be")
    put(bare, {"namespaces": {"boot": {}}})
    top = bare.root / "run/top"
    path = top / "place"
    top.mkdir()
    if option == "--run below":
        top = top / "run"
        top.mkdir()
        for name in "known", "pending", "held":
            PLACES[place](top / name) if not place.startswith("within") else None
            if place.startswith("within"):
                pytest.skip("is not")
            bare.start("--run", "/run/top/run", wait=False)
            bare.ends(1)
            assert f"/run/top/run/{name}" in bare.log()
            shutil.rmtree(top)
            top.mkdir()
        assert bare.namespaces() == []
        return
    PLACES[place](path)
    where = "/run/top/place/x" if place.startswith("within") else "/run/top/place"
    bare.start(option, where + ("/s" if option == "--socket" else ""), wait=False)
    bare.ends(1)
    assert "/run/top/place" in bare.log()
    assert bare.namespaces() == []
    assert not (top / "real").exists() or not list((top / "real").iterdir())


@pytest.mark.parametrize("place", ["a link", "a link of a user", "of a user", "writable", "a file", "a link to nowhere",
                                   "within a user's"])
def test_boot_directory(bare, place):
    """A link that root has created leads to what is applied; nothing else that is odd does."""
    if os.geteuid():
        pytest.skip("needs other users")
    path = bare.folder / "topologies"
    PLACES[place](path)
    real = path.with_name("real") if "link" in place else path
    if real.is_dir():
        (real / "lab.json").write_text('{"namespaces": {"boot": {}}}')
    if place == "within a user's":
        bare.folder.chmod(0o755)
        os.chown(bare.folder, 12345, 12345)
    boot(bare)
    if place == "a link":
        assert bare.namespaces() == ["boot"]
    else:
        assert bare.namespaces() == []
        assert f"the boot directory {path}: " in bare.log() and "nothing in it is applied" in bare.log()
    os.chown(bare.folder, 0, 0)


@pytest.mark.parametrize("name", ["lock", "known", "pending", "held"])
def test_lock_and_directories_are_what_they_are_called(bare, name):
    (bare.root / "run/netnsd").mkdir()
    path = bare.root / "run/netnsd" / name
    path.mkdir() if name == "lock" else path.touch()
    bare.start(wait=False)
    bare.ends(1)
    assert f"/run/netnsd/{name}" in bare.log()


def test_files_of_a_boot_directory_are_chosen_by_name(bare):
    """Which of them count does not depend on how the directory lists them."""
    def t(n):
        return json.dumps({"namespaces": {n: {}}})
    odd = ["a.json~", "a.json.dpkg-new", "a.json.dpkg-old", "a.json.rpmsave", ".a.json", "#a.json#", "a.json.bak", "a.JSON", "json"]
    put(bare, t("x"), "keep")
    for i, name in enumerate(odd):
        (bare.folder / "topologies" / name).write_text(t(f"odd{i}"))
    for file, namespace in ("2-second", "second"), ("1-first", "first"), ("3-third", "third"):
        put(bare, json.dumps({"name": "same", "namespaces": {namespace: {}}}), file)
    boot(bare)
    assert bare.namespaces() == ["first", "x"]
    assert "2-second.json is not used" in bare.log() and "3-third.json is not used" in bare.log()


def test_too_many_boot_files(bare):
    """The first 4096 in order of name are read, whatever order they were created in."""
    folder = bare.folder / "topologies"
    folder.mkdir()
    for i in sorted(range(4100), key=lambda i: i * 7919 % 4100):
        (folder / f"t{i:04}.json").write_text('{"namespaces": {"../": {}}}')
    for i in 0, 4095, 4096, 4099:
        (folder / f"t{i:04}.json").write_text('{"namespaces": {"n%d": {}}}' % i)
    boot(bare)
    assert bare.namespaces() == ["n0", "n4095"]
    assert "those from t4096.json on are left out" in bare.log()
    assert bare.run(NETNSD, code=1)


def test_values_that_only_the_kernel_has(machine):
    """The former value of a sysctl key is restored as it was, even if no file may say so."""
    machine.apply({"host": {"sysctl": {"net.ipv4.ip_local_reserved_ports": "7000-7010"}}})
    assert json.loads((machine.root / "run/netnsd/known/lab.json").read_text())["originals"][0]["fields"]["value"] == ""
    machine.restart(signal.SIGKILL)
    assert status(machine)["lab"]["state"] == "up"
    machine.ctl("down", "lab")
    assert machine.sysctl(None, "net.ipv4.ip_local_reserved_ports") == ""
