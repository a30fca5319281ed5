# SPDX-License-Identifier: MIT
"""What netnsctl says about the boot directories, against a fake daemon."""
import json


def test_status_on_disk(ctl):
    """What the boot directories have that is not applied, and what to do."""
    base = {"name": "lab", "state": "up", "namespaces": 1, "links": 1, "healed": 0, "since_usec": 0, "source": "lab.json",
            "boot": True, "boot_file": "/etc/netnsd/topologies/lab.json"}
    problem = {"message": "unknown\x1b field", "file": base["boot_file"], "line": 9, "column": 24, "pointer": "/nmespaces"}
    told = "/etc/netnsd/topologies/lab.json:9:24: /nmespaces: unknown\\x1b field\n"
    for state, on_disk, why, line in (
            ("up", "changed", None, "lab: changed on disk: netnsctl reload\n"),
            ("down", "changed", None, "lab: changed on disk: netnsctl up lab\n"),
            ("down", "new", None, "lab: new on disk: netnsctl reload, or netnsctl up lab\n"),
            ("up", "other", None, "lab: another file is used at boot: netnsctl apply --replace /etc/netnsd/topologies/lab.json\n"),
            ("up", "invalid", problem, "lab: changed on disk, and invalid: " + told),
            ("failed", "invalid", problem, "lab: " + told),
            ("failed", "new", {"message": "no"}, "lab: no\n"),
            ("up", None, None, ""),
    ):
        t = {k: v for k, v in {**base, "state": state, "on_disk": on_disk, "problem": why}.items() if v is not None}
        ctl.serve(Status=[{"topologies": [t], "namespaces": []}])
        for args in ["status"], ["status", "lab"]:
            out = ctl.out(*args)
            assert ("until reboot" if on_disk == "other" else "at boot") in out.splitlines()[1 if len(args) == 1 else 0]
            assert "".join(out.splitlines(keepends=True)[2 if len(args) == 1 else 1:]) == line
        ctl.close()
        (ctl.folder / "socket").unlink()


def test_error_in_a_file_of_netnsd(ctl):
    """The file is not the client's: it says which."""
    problem = {"message": "unknown field", "file": "/etc/netnsd/topologies/lab.json", "line": 9, "column": 2, "pointer": "/x"}
    ctl.serve(Up=[{"error": "io.netnsd.Invalid", "parameters": {"problems": [problem]}}])
    assert ctl.run("up", "lab") == (2, "", "/etc/netnsd/topologies/lab.json:9:2: /x: unknown field\n"
                                           "netnsctl: invalid; nothing was touched\n")


def test_reload(ctl):
    problem = {"message": "unknown\x1b field", "file": "/etc/netnsd/topologies/bad.json", "line": 9, "column": 2, "pointer": "/x"}
    results = [
        {"name": "a", "result": "applied", "summary": {"name": "a", "created": 2, "changed": 0, "removed": 1, "duration_usec": 1200}},
        {"name": "b", "result": "unchanged"},
        {"name": "bad", "result": "failed", "problem": problem},
        {"name": "c", "result": "unchanged", "summary": {"name": "c", "created": 0, "changed": 0, "removed": 0, "duration_usec": 9}},
        {"name": "d", "result": "down"},
        {"name": "e", "result": "other"},
        {"name": "f", "result": "gone"},
        {"name": "g", "result": "waiting", "problem": {"message": "no eth0"}},
    ]
    out = """\
a: 2 created, 1 removed in 1.2 ms
b: unchanged
c: unchanged
d: stays down; netnsctl up d
e: left as it was applied from elsewhere; netnsctl status e
f: no longer comes up at boot; until then it stays up, or netnsctl down f
g: waiting: no eth0
"""
    err = "/etc/netnsd/topologies/bad.json:9:2: /x: unknown\\x1b field\nnetnsctl: bad: not applied; everything is as it was before\n"
    ctl.serve(Reload=[{"results": results}])
    assert ctl.run("reload") == (1, out, err)
    code, out, err = ctl.run("reload", "--json")
    assert (code, json.loads(out), err) == (1, {"results": results}, "")


def test_reload_of_nothing(ctl):
    ctl.serve(Reload=[{"results": []}])
    assert ctl.out("reload") == "the boot directories are empty\n"


def test_persist(ctl):
    summary = {"name": "everyday", "created": 5, "changed": 0, "removed": 0, "duration_usec": 3100, "persisted": True}
    ctl.serve(Apply=[{"summary": summary}])
    assert ctl.out("apply", "--persist", "everyday.json") == "everyday: 5 created in 3.1 ms; saved for boot\n"
    assert ctl.daemon.calls[-1]["parameters"]["persist"] is True
    ctl.out("apply", "everyday.json")
    assert "persist" not in ctl.daemon.calls[-1]["parameters"]


def test_persist_that_fails(ctl):
    ctl.serve(Apply=[{"error": "io.netnsd.NotPersisted", "parameters": {"name": "everyday", "problem": {"message": "no room"}}}])
    assert ctl.run("apply", "--persist", "everyday.json") == (
        1, "", "everyday.json:1:1: no room\nnetnsctl: everyday: done, but not saved for the next boot\n")


def test_forget_what_comes_up_again(ctl):
    summary = {"name": "lab", "created": 0, "changed": 0, "removed": 2, "duration_usec": 1900, "boot_file": "/etc/x\x1b.json"}
    ctl.serve(Down=[{"summaries": [summary], "lingering": []}])
    assert ctl.out("down", "--forget", "lab") == "lab: 2 removed in 1.9 ms; comes up again at boot: /etc/x\\x1b.json\n"
