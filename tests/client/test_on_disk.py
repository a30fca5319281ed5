# SPDX-License-Identifier: MIT
"""What netnsctl says of the boot directories, against a daemon that says what the test wants."""


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
            ("up", "other", None, "lab: at boot another file counts: netnsctl apply --replace /etc/netnsd/topologies/lab.json\n"),
            ("up", "invalid", problem, "lab: changed on disk, and invalid: " + told),
            ("failed", "invalid", problem, "lab: " + told),
            ("failed", "new", {"message": "no"}, "lab: no\n"),
            ("up", None, None, ""),
    ):
        t = {k: v for k, v in {**base, "state": state, "on_disk": on_disk, "problem": why}.items() if v is not None}
        ctl.serve(Status=[{"topologies": [t], "namespaces": []}])
        for args in ["status"], ["status", "lab"]:
            out = ctl.out(*args)
            assert "at boot" in out.splitlines()[1 if len(args) == 1 else 0]
            assert "".join(out.splitlines(keepends=True)[2 if len(args) == 1 else 1:]) == line
        ctl.close()
        (ctl.folder / "socket").unlink()


def test_error_in_a_file_of_netnsd(ctl):
    """The file is not the client's: it says which."""
    problem = {"message": "unknown field", "file": "/etc/netnsd/topologies/lab.json", "line": 9, "column": 2, "pointer": "/x"}
    ctl.serve(Up=[{"error": "io.netnsd.Invalid", "parameters": {"problems": [problem]}}])
    assert ctl.run("up", "lab") == (2, "", "/etc/netnsd/topologies/lab.json:9:2: /x: unknown field\n"
                                           "netnsctl: invalid; nothing was touched\n")
