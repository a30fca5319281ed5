# SPDX-License-Identifier: MIT
"""The control socket: every method, every error, and malicious clients."""
import itertools
import json
import keyword
import os
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from machine import ROOT, wait_for
from topologies import everyday, many, pair
from varlink import Connection, VarlinkError, encode

IDL = ROOT / "daemon/io.netnsd.varlink"
REFUSED = {"to": "2001:db8:9::/48", "dev": "veth-ns", "src": "fe80::77"}  # only the kernel knows which addresses exist


@pytest.fixture
def v(machine):
    with Connection(machine.socket) as connection:
        yield connection


def error_of(connection, method, **parameters):
    with pytest.raises(VarlinkError) as info:
        connection.call(method, **parameters)
    return info.value


def test_get_info(v):
    info = v.call("org.varlink.service.GetInfo")
    assert set(info) == {"vendor", "product", "version", "url", "interfaces"}
    assert info["product"] == "netnsd" and info["version"] == "0.1.0" and info["url"] == "man:netnsd(8)"
    assert sorted(info["interfaces"]) == ["io.netnsd", "org.varlink.service"]


def test_no_name_is_a_word_of_python(v):
    """Clients turn members into arguments and attributes."""
    text = v.call("org.varlink.service.GetInterfaceDescription", interface="io.netnsd")["description"]
    names = re.findall(r"(\w+)\s*:", "\n".join(line for line in text.splitlines() if not line.startswith("#")))
    assert len(names) > 100 and not [name for name in names if keyword.iskeyword(name)]


def test_interface_description(v):
    get = "org.varlink.service.GetInterfaceDescription"
    assert v.call(get, interface="io.netnsd")["description"] == IDL.read_text()
    assert "interface org.varlink.service" in v.call(get, interface="org.varlink.service")["description"]
    error = error_of(v, get, interface="io.other")
    assert error.name == "org.varlink.service.InterfaceNotFound" and error.parameters == {"interface": "io.other"}


def test_every_method(machine, v):
    assert v.call("io.netnsd.Ping") == {"version": "0.1.0"}
    steps = v.call("io.netnsd.Plan", name="lab", topology=everyday())["steps"]
    assert len(steps) == 5 and {s["action"] for s in steps} == {"create"}
    assert machine.namespaces() == []
    summary = v.call("io.netnsd.Apply", name="lab", topology=everyday(), source="here")["summary"]
    assert (summary["name"], summary["created"], summary["changed"], summary["removed"]) == ("lab", 5, 0, 0)
    machine.ping("ns1", "10.0.0.1")
    topologies = v.call("io.netnsd.Status")["topologies"]
    assert [(t["name"], t["state"], t["source"], t["namespaces"], t["links"]) for t in topologies] == [
        ("lab", "up", "here", 1, 1)]
    status = v.call("io.netnsd.Status", name="lab")
    interfaces = {(n["name"], i["name"]): i for n in status["namespaces"] for i in n["interfaces"]}
    assert interfaces["ns1", "veth-ns"]["peer"] == "host/veth-host"
    assert interfaces["host", "veth-host"]["addresses"][0] == "10.0.0.1/24"
    assert {n["name"] for n in v.call("io.netnsd.List")["namespaces"]} >= {"ns1"}
    assert v.call("io.netnsd.Show", name="lab")["topology"]["namespaces"] == everyday()["namespaces"]
    down = v.call("io.netnsd.Down", names=["lab"])
    assert down["summaries"][0]["removed"] == 2 and down["lingering"] == []
    assert machine.namespaces() == []
    assert v.call("io.netnsd.Up")["summaries"][0]["created"] == 5
    assert v.call("io.netnsd.Down", all=True, forget=True)["summaries"]
    assert v.call("io.netnsd.Status")["topologies"] == []


def test_apply_with_more(v):
    replies = v.call("io.netnsd.Apply", _more=True, name="lab", topology=many(50))
    assert "summary" in replies[-1] and len(replies) > 1
    steps = [step for reply in replies[:-1] for step in reply["steps"]]
    assert replies[-1]["summary"]["created"] == len(steps) == 250
    done = [reply["done"] for reply in replies[:-1]]
    assert done == list(itertools.accumulate(len(reply["steps"]) for reply in replies[:-1]))
    assert {reply["total"] for reply in replies[:-1]} == {250}


def test_errors(machine, v):
    error = error_of(v, "io.netnsd.Apply", name="lab", topology={"namespaces": {"a": {"x": 1, "y": 2}}})
    assert error.name == "io.netnsd.Invalid" and len(error.parameters["problems"]) == 2
    assert {p["pointer"] for p in error.parameters["problems"]} == {"/namespaces/a/x", "/namespaces/a/y"}
    t = everyday()
    t["namespaces"]["ns1"]["routes"].append(REFUSED)
    error = error_of(v, "io.netnsd.Apply", name="lab", topology=t)
    assert error.name == "io.netnsd.Refused"
    problem = error.parameters["problem"]
    assert problem["kernel"] == "Invalid source address" and problem["errno"] == 22
    assert problem["pointer"].startswith("/namespaces/ns1/routes/1") and "ns1" in problem["object"]
    machine.sh("ip netns add ns1")
    error = error_of(v, "io.netnsd.Apply", name="lab", topology=everyday())
    assert error.name == "io.netnsd.Conflict" and "ns1" in error.parameters["object"]
    machine.sh("ip netns del ns1")
    v.call("io.netnsd.Apply", name="lab", topology=everyday(), source="a")
    error = error_of(v, "io.netnsd.Apply", name="lab", topology=everyday(), source="b")
    assert error.name == "io.netnsd.NameInUse" and error.parameters == {"name": "lab", "source": "a"}
    for method in "Status", "Show":
        error = error_of(v, f"io.netnsd.{method}", name="nowhere")
        assert error.name == "io.netnsd.NoSuchTopology" and error.parameters == {"name": "nowhere"}
    assert error_of(v, "io.netnsd.Down", names=["nowhere"]).name == "io.netnsd.NoSuchTopology"


@pytest.mark.parametrize("method, parameters, name, words", [
    ("io.netnsd.Nothing", {}, "MethodNotFound", {"method": "io.netnsd.Nothing"}),
    ("io.other.Ping", {}, "InterfaceNotFound", {"interface": "io.other"}),
    ("Ping", {}, None, None),
    ("", {}, None, None),
    ("io.netnsd.Show", {}, "InvalidParameter", {"parameter": "name"}),
    ("io.netnsd.Show", {"name": 1}, "InvalidParameter", {"parameter": "name"}),
    ("io.netnsd.Show", {"name": "x", "more": 1}, "InvalidParameter", {"parameter": "more"}),
    ("io.netnsd.Down", {"names": [1]}, "InvalidParameter", {"parameter": "names[0]"}),
    ("io.netnsd.Plan", {"name": "../../etc", "topology": {}}, None, None),
    ("io.netnsd.Plan", {"name": "x", "topology": []}, "InvalidParameter", {"parameter": "topology"}),
])
def test_wrong_calls(v, method, parameters, name, words):
    error = error_of(v, method, **parameters)
    if name:
        assert error.name == "org.varlink.service." + name and error.parameters == words
    assert v.call("io.netnsd.Ping")


def test_null_parameters_are_none(v):
    v.send(b'{"method":"io.netnsd.Ping","parameters":null}\0{"method":"io.netnsd.Status","parameters":{"name":null}}\0')
    assert v.receive()["parameters"]["version"] and v.receive()["parameters"]["topologies"] == []


def test_pipelined_and_oneway(v):
    v.send(encode("io.netnsd.Ping") * 3 + encode("io.netnsd.Ping", oneway=True) + encode("io.netnsd.Status"))
    for _ in range(3):
        assert v.receive()["parameters"] == {"version": "0.1.0"}
    assert "topologies" in v.receive()["parameters"]


def test_answers_stay_in_order_behind_a_long_apply(v):
    v.send(encode("io.netnsd.Apply", {"name": "lab", "topology": many(50)}) + encode("io.netnsd.Ping"))
    assert "summary" in v.receive()["parameters"]
    assert "version" in v.receive()["parameters"]


def test_others_are_served_during_an_apply(machine, v):
    v.send(encode("io.netnsd.Apply", {"name": "lab", "topology": many(300)}))
    with Connection(machine.socket) as other:
        for _ in range(3):
            other.call("io.netnsd.Ping")
    assert not select.select([v.socket], [], [], 0)[0]
    assert v.receive()["parameters"]["summary"]["created"] == 1500


def test_client_that_leaves_during_its_apply(machine):
    with Connection(machine.socket) as c:
        c.send(encode("io.netnsd.Apply", {"name": "lab", "topology": many(50)}, more=True))
    with Connection(machine.socket) as c:
        assert wait_for(lambda: c.call("io.netnsd.Status")["topologies"])[0]["state"] == "up"
    assert len(machine.namespaces()) == 50


GARBAGE = [
    b"\0", b"hello\0", b"[]\0", b"{}\0", b'{"method":1}\0', b'{"method":"io.netnsd.Ping"', b"\xff\xfe\0", b'"x"\0', b"null\0",
    b'{"method":"io.netnsd.Ping","parameters":[]}\0', b'{"method":"io.netnsd.Ping","method":"io.netnsd.Status"}\0',
    b'{"method":"io.netnsd.Ping","more":7}\0', b'{"method":"' + b"x" * 100000 + b'"}\0', b"[" * 100000 + b"\0",
    b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"\0", b"GET / HTTP/1.0\r\n\r\n", b"\0" * 10000,
    b'{"method":"io.netnsd.Ping","upgrade":true}\0',
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage(machine, data):
    """Gets an error or is closed; the next client is served."""
    with Connection(machine.socket) as c:
        c.send(data)
        if data.endswith(b"\0"):
            reply = c.receive()
            assert reply is None or "error" in reply or "version" in reply.get("parameters", {})
    with Connection(machine.socket) as c:
        assert c.call("io.netnsd.Ping")


@pytest.mark.parametrize("data, words", [
    (b"garbage\0", "the message is not JSON"), (b'{"method":5}\0', "method"), (b'{"parameters":{}}\0', "method"), (b"[]\0", "the object"),
    (b'{"method":"io.netnsd.Ping","parameters":[]}\0', "parameters"),
])
def test_what_is_no_call_is_answered_before_the_end(machine, data, words):
    with Connection(machine.socket) as c:
        c.send(data)
        reply = c.receive()
        assert reply["error"] == "org.varlink.service.InvalidParameter" and reply["parameters"]["parameter"].startswith(words), reply
        assert c.receive() is None


def test_unknown_method_is_answered(v):
    assert error_of(v, "io.netnsd.Nonsense").name == "org.varlink.service.MethodNotFound"
    assert error_of(v, "io.nowhere.Ping").name == "org.varlink.service.InterfaceNotFound"
    assert v.call("io.netnsd.Ping")


def test_message_without_an_end(machine):
    """More than 8 MiB and the envelope: said, closed, and the memory is freed."""
    with Connection(machine.socket) as c:
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for _ in range(64):
                c.send(b" " * (1 << 20))
        reply = c.receive()
        assert reply["error"] == "org.varlink.service.InvalidParameter" and "over" in reply["parameters"]["parameter"]
    with Connection(machine.socket) as c:
        assert c.call("io.netnsd.Ping")
    status = (machine.root / f"proc/{machine.pid()}/status").read_text()
    if "san" not in str(os.environ.get("NETNSD_BUILD", "")):
        assert int(status.split("VmRSS:")[1].split()[0]) < 30000


def test_topology_of_just_under_the_limit(v):
    t = {"description": "x" * ((8 << 20) - 100), **pair()}
    assert v.call("io.netnsd.Plan", name="lab", topology=t)["steps"]


def test_half_message_that_rests(machine):
    with Connection(machine.socket, timeout=20) as c:
        c.send(b'{"method":"io.netnsd.')
        start = time.monotonic()
        assert c.receive() is None
        assert 5 < time.monotonic() - start < 15


def test_three_hundred_connections(machine):
    """No more than 256 at a time, 32 per user; root is admitted again when they have gone."""
    connections = []
    for _ in range(300):
        try:
            connections.append(Connection(machine.socket, timeout=2))
        except OSError:
            break
    served = 0
    for c in connections:
        try:
            c.send(encode("io.netnsd.Ping"))
            served += bool(c.receive())
        except OSError:
            pass
    assert 1 <= served <= 256
    for c in connections:
        c.socket.close()

    def is_let_in():
        try:
            with Connection(machine.socket) as c:
                return c.call("io.netnsd.Ping")
        except (AssertionError, OSError):
            return None
    wait_for(is_let_in)


def test_client_that_never_reads(machine):
    """Its answers are queued up to a limit; others are served."""
    with Connection(machine.socket, timeout=2) as c:
        try:
            for _ in range(200):
                c.send(encode("org.varlink.service.GetInterfaceDescription", {"interface": "io.netnsd"}) * 100)
        except OSError:
            pass
        with Connection(machine.socket) as other:
            assert other.call("io.netnsd.Ping")


PYTHON_VARLINK = """
import json, sys, varlink
everyday = json.load(sys.stdin)
client = varlink.Client(address=sys.argv[1])
assert "io.netnsd" in client.get_interfaces()
assert client.info["product"] == "netnsd", client.info
with client.open("io.netnsd") as netnsd:
    assert netnsd.Ping()["version"] == "0.1.0"
    assert len(netnsd.Plan("lab", everyday)["steps"]) == 5
    assert netnsd.Apply("lab", everyday, "python", False)["summary"]["created"] == 5
    assert list(netnsd.Apply("lab", everyday, "python", False, _more=True))[-1]["summary"]["created"] == 0
    assert netnsd.Status(None)["topologies"][0]["name"] == "lab"
    assert netnsd.List()["namespaces"]
    assert netnsd.Show("lab")["topology"]["namespaces"]
    assert netnsd.Down(["lab"], None, None)["summaries"]
    assert netnsd.Up(["lab"])["summaries"]
    try:
        netnsd.Show("nowhere")
    except varlink.VarlinkError as error:
        assert error.error() == "io.netnsd.NoSuchTopology"
    else:
        assert False
    netnsd.Down(None, True, None)
"""


def test_python_varlink(machine):
    """An independent client introspects the socket and calls methods of every form. A process of its own, because our own
    varlink.py would be in its way."""
    where = Path(__file__).resolve().parents[2] / "build/varlink/usr/lib/python3/dist-packages"
    python = [sys.executable, "-I", "-c", f"import sys; sys.path.append({str(where)!r})\n" + PYTHON_VARLINK]
    if subprocess.run([*python[:3], python[3].split("\n")[0] + "; import varlink"], stderr=subprocess.DEVNULL,
                      check=False).returncode:
        pytest.skip("no python3-varlink here; .ci/from-trixie python3-varlink build/varlink fetches it")
    subprocess.run([*python, f"unix:{machine.socket}"], input=json.dumps(everyday()), text=True, check=True,
                   timeout=20)


def test_json_of_replies_is_strict(machine, v):
    """One object and one NUL for each message."""
    v.send(encode("io.netnsd.Ping"))
    message = v.receive()
    assert set(message) == {"parameters"} and v.rest == b""
    json.dumps(message)
