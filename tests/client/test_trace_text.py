# SPDX-License-Identifier: MIT
"""How netnsctl explain --trace shows the steps of packets, and how far they got."""
import json

import pytest

NAMESPACES = {"namespaces": ["office", "router"]}
HEADING = "office → lab: packets are followed for 5 s in office, router; netnsctl sends none\n"


def step(obj, message, back=False, state="passes", usec=12345, packet=1, **more):
    return {"step": {"usec": usec, "back": back, "packet": packet, "state": state, "object": obj, "message": message, **more}}


def end(arrived=0, answered=0, lost=0, counters=()):
    return {"arrived": arrived, "answered": answered, "lost": lost, "counters": list(counters)}


SENT = step("office", "is sent: 10.0.3.10 → 10.0.4.10")
LOST = step("router", "gets no further", state="dropped")
BACK = step("lab", "is sent: 10.0.4.10 → 10.0.3.10", back=True)


def trace(ctl, *replies):
    ctl.serve(Trace=[NAMESPACES, *replies])
    return ctl.run("explain", "office", "lab", "--trace", "5", LANG="C.UTF-8")


@pytest.mark.parametrize("replies, code, last", [
    ([end()], 3, "no such packet was seen: nobody has sent one, or it never got to nftables"),
    ([SENT, BACK, end(1, 1)], 0, "1 arrived, 1 answers did"),
    ([SENT, LOST, end()], 3, "no packet arrived: the last was seen at router, and dropped there"),
    ([SENT, end()], 3, "no packet arrived: the last was seen at office, and no next namespace saw it: netnsctl explain says who should have"),
    ([SENT, BACK, end(1)], 3, "the packets arrive; their answers do not: the last was seen at lab, and no next namespace saw it: "
     "netnsctl explain says who should have"),
])
def test_verdict(ctl, replies, code, last):
    found, out, _ = trace(ctl, *replies)
    assert (found, out.splitlines()[-1]) == (code, last)


def test_lines(ctl):
    dropped = step("router", "table ip x, chain c, rule 4: drop", state="dropped", usec=2012999, command="nft -a list chain ip x c")
    assert trace(ctl, SENT, dropped, end(lost=2, counters=[{"object": "router", "counter": "IpInDiscards", "packets": 3}])) == (3, HEADING + """\
  0.012  office        packet 1: is sent: 10.0.3.10 → 10.0.4.10
  2.012  router        packet 1: dropped: table ip x, chain c, rule 4: drop
      nft -a list chain ip x c
  router: IpInDiscards 3
2 events were lost
no packet arrived: the last was seen at router, and dropped there
""", "")


def test_json(ctl):
    ctl.serve(Trace=[NAMESPACES, SENT, end(1, 1)])
    code, out, _ = ctl.run("explain", "office", "lab", "--trace", "5", "--json")
    assert code == 0 and [json.loads(line) for line in out.splitlines()] == [NAMESPACES, SENT, end(1, 1)]


def test_what_is_sent(ctl):
    """Names of others cannot control the terminal."""
    ctl.serve(Trace=[NAMESPACES, step("a\033[31m", "b\033c", command="c\033d"), end()])
    assert "\033" not in ctl.run("explain", "office", "lab", "--trace", "5")[1]
