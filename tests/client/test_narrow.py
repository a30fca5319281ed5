# SPDX-License-Identifier: MIT
"""Tables on a narrow terminal: no line is wider than it, and no word is torn."""
import pytest

DRIFT = "address host/veth-host 10.0.0.1/24 was removed by somebody who did not say why, and was created again"
STEPS = [{"action": "create", "kind": "link", "object": "office/veth-with-name", "detail": "veth, peer host/veth-host, mtu 1400, up"},
         {"action": "create", "kind": "namespace", "object": "office", "detail": ""}]
INTERFACE = {"name": "veth-with-name", "kind": "veth", "up": True, "carrier": False, "mtu": 1500, "peer": "host/veth-host",
             "addresses": ["10.0.0.2/24", "fd00::1234:5678:9abc/64", "192.168.100.100/24"]}
TOPOLOGY = {"name": "everyday", "state": "up", "namespaces": 1, "links": 1, "healed": 0, "since_usec": 1,
            "source": "/srv/networks/everyday.json"}
NAMESPACES = [{"name": "office", "topology": "everyday", "interfaces": [INTERFACE]}]
EVENT = {"time_usec": 1714572131000000, "topology": "everyday", "event": "drift", "message": DRIFT}


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("args, whole", [
    (["plan", "everyday.json"], ["veth,", "host/veth-host,", "namespace office"]), (["list"], ["fd00::1234:5678:9abc/64,", "192.168.100.100/24"]),
    (["status"], ["everyday"]), (["log"], ["10.0.0.1/24", "somebody"])])
def test_tables(ctl, args, whole, columns):
    """What the last column says is there whole."""
    ctl.serve(Plan=[{"name": "everyday", "steps": STEPS}], List=[{"namespaces": NAMESPACES}], Status=[{"topologies": [TOPOLOGY]}],
              Log=[{"events": [EVENT]}])
    text = ctl.on_terminal(*args, columns=columns, NO_COLOR="1")
    lines = text.splitlines()
    assert all(len(line) <= columns and line == line.rstrip() for line in lines), text
    assert all(word in text for word in whole)
    # Nothing is lost or moved where there is room.
    wide = ctl.on_terminal(*args, columns=300, NO_COLOR="1")
    assert wide == ctl.out(*args)


def test_what_is_cut(ctl):
    ctl.serve(List=[{"namespaces": NAMESPACES}])
    assert ctl.on_terminal("list", columns=40, NO_COLOR="1") == """\
NAMESPACE  INTERFACE       KIND  STATE …
      ADDRESSES
office     veth-with-name  veth  no car…
      10.0.0.2/24,
      fd00::1234:5678:9abc/64,
      192.168.100.100/24
"""
