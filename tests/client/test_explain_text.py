# SPDX-License-Identifier: MIT
"""How netnsctl explain shows the hops of a packet and of its answer, and whether they arrive."""
import pytest

COMMAND = "ip netns exec router sysctl -w net.ipv4.conf.office.forwarding=1"


def hop(obj, message, back=False, state="passes", **more):
    return {"back": back, "stage": "route", "state": state, "object": obj, "message": message, **more}


THERE = [hop("office", "default via 10.0.3.1 dev eth0, table main"), hop("office/eth0", "to router/office")]
BACK = [hop("lab", "default via 10.0.4.1 dev eth0, table main", back=True)]


def serve(ctl, *hops, arrives=False):
    ctl.serve(Explain=[{"arrives": arrives, "hops": list(hops)}])


def test_both_ways(ctl):
    serve(ctl, *THERE, *BACK, arrives=True)
    assert ctl.run("explain", "office", "lab/eth0", LANG="C.UTF-8") == (0, """\
office → lab/eth0, ping
  office       default via 10.0.3.1 dev eth0, table main
  office/eth0  to router/office
lab/eth0 → office, the answer
  lab          default via 10.0.4.1 dev eth0, table main
the packet arrives, and so does its answer
""", "")


def test_broken(ctl):
    """The command is on a line of its own, whole, on a terminal as well."""
    serve(ctl, *THERE, hop("router/office", "IPv4 is not forwarded here, and 10.0.4.10 is elsewhere", state="broken", command=COMMAND))
    assert ctl.run("explain", "office", "lab", LANG="C.UTF-8") == (3, f"""\
office → lab, ping
  office         default via 10.0.3.1 dev eth0, table main
  office/eth0    to router/office
  router/office  broken: IPv4 is not forwarded here, and 10.0.4.10 is elsewhere
      {COMMAND}
the packet does not arrive
""", "")
    assert ctl.on_terminal("explain", "office", "lab", LANG="C.UTF-8").endswith(f"""\
\033[31m  router/office\033[0m  \033[31mbroken: IPv4 is not forwarded here, and 10.0.4.10 is elsewhere\033[0m
      \033[1m{COMMAND}\033[0m
\033[31mthe packet does not arrive\033[0m
""")
    assert "\033" not in ctl.on_terminal("explain", "office", "lab", NO_COLOR="1")


@pytest.mark.parametrize("hops, verdict", [
    ([*THERE, hop("lab", "there is no route to 10.0.3.10", back=True, state="broken")], "the packet arrives; its answer does not"),
    ([hop("host/eth0", "what is behind it is not known", state="unknown")], "whether the packet arrives, netnsd cannot tell"),
    ([*THERE, hop("lab/eth0", "behind a tunnel", back=True, state="unknown")],
     "the packet arrives; whether its answer does, netnsd cannot tell")], ids=["back", "unknown", "unknown-back"])
def test_verdicts(ctl, hops, verdict):
    serve(ctl, *hops)
    code, out, _ = ctl.run("explain", "office", "lab")
    assert (code, out.splitlines()[-1]) == (3, verdict)


@pytest.mark.parametrize("args, there, back", [
    (["--proto", "icmp"], "office -> lab, ping", "lab -> office, the answer"),
    (["--proto", "udp"], "office -> lab, udp", "lab -> office, the answer"),
    (["--proto", "tcp", "--port", "80"], "office -> lab, tcp port 80", "lab -> office, the answer"),
    (["--reverse"], "lab -> office, ping", "office -> lab, the answer"),
    (["--reverse", "--proto", "tcp", "--port", "80"], "lab -> office, tcp from port 80", "office -> lab, the answer")])
def test_headings(ctl, args, there, back):
    """In the C locale they are ASCII."""
    serve(ctl, *THERE, *BACK, arrives=True)
    lines = ctl.run("explain", "office", "lab", *args, LC_ALL="C")[1].splitlines()
    assert (lines[0], lines[3]) == (there, back)


def test_text_of_strangers(ctl):
    serve(ctl, hop("x\033[2J", "a\033[31mb", state="broken", command="ip\033]0;x"))
    out = ctl.run("explain", "office", "lab")[1]
    assert "\033" not in out and "x\\x1b[2J" in out and "      ip\\x1b]0;x\n" in out
