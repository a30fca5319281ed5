# SPDX-License-Identifier: MIT
"""What netnsctl wait asks, and how it ends, against a fake daemon."""
import pytest


@pytest.mark.parametrize("args, parameters", [
    ([], {"timeout_seconds": 30}),
    (["a", "b", "--timeout", "5"], {"names": ["a", "b"], "timeout_seconds": 5}),
    (["--namespace", "x", "--declared"], {"namespaces": ["x"], "declared": True, "timeout_seconds": 30}),
    (["--namespace", "x", "--namespace=y", "--timeout=0"], {"namespaces": ["x", "y"], "timeout_seconds": 0}),
])
def test_wait(ctl, args, parameters):
    ctl.serve(Wait=[{}])
    assert ctl.out("wait", *args) == ""
    assert ctl.daemon.calls == [{"method": "io.netnsd.Wait", "parameters": parameters}]


@pytest.mark.parametrize("state, declared", [
    ("starting", False), ("initializing", False), ("running", True), ("degraded", True), ("stopping", True), ("", True)])
def test_declared_while_booting(ctl, state, declared):
    """What applies a topology may not have run yet."""
    ctl.serve(Wait=[{}])
    (ctl.folder / "systemctl").write_text(f"#!/bin/sh\necho {state}\necho $@ >called\nexit 1\n")
    (ctl.folder / "systemctl").chmod(0o755)
    ctl.out("wait", "--namespace", "x", "--declared", PATH=f"{ctl.folder}:/usr/bin:/bin")
    assert ctl.daemon.calls[0]["parameters"].get("declared", False) == declared
    assert (ctl.folder / "called").read_text() == "is-system-running\n"


def test_declared_without_systemd(ctl):
    ctl.serve(Wait=[{}])
    ctl.out("wait", "--namespace", "x", "--declared", PATH=str(ctl.folder))
    assert ctl.daemon.calls[0]["parameters"]["declared"] is True


@pytest.mark.parametrize("args, said", [
    (["--declared"], "--declared needs --namespace NS"),
    (["--declared", "lab"], "--declared needs --namespace NS"),
    (["--until-gone"], "--until-gone takes --namespace NS and --timeout, nothing else"),
    (["--until-gone", "--namespace", "x", "lab"], "--until-gone takes --namespace NS and --timeout, nothing else"),
    (["--until-gone", "--namespace", "x", "--declared"], "--until-gone takes --namespace NS and --timeout, nothing else"),
    (["--until-gone", "--namespace", "../x"], '--namespace: "../x" is not the name of a namespace: it '),
])
def test_wait_usage(ctl, args, said):
    code, out, err = ctl.run("wait", *args)
    assert (code, out) == (2, "")
    assert err.startswith("netnsctl: " + said)


@pytest.mark.parametrize("error, code, said", [
    ({"error": "io.netnsd.NoSuchNamespace", "parameters": {"namespace": "x", "message": "no topology declares x"}}, 1,
     "netnsctl: no topology declares x\n"),
    ({"error": "io.netnsd.TimedOut", "parameters": {"message": "no \x1b topology", "names": ["x"], "namespaces": []}}, 124,
     "netnsctl: timed out: no \\x1b topology\n"),
    ({"error": "io.netnsd.Failed", "parameters": {"name": "lab", "problem": {"message": "no", "file": "/x.json", "line": 3,
                                                                             "column": 4}}}, 1,
     "/x.json:3:4: no\nnetnsctl: lab has failed; netnsctl status lab\n"),
])
def test_wait_in_vain(ctl, error, code, said):
    ctl.serve(Wait=[error])
    assert ctl.run("wait", "lab") == (code, "", said)


@pytest.mark.parametrize("timeout", ["", "x", "-1", "1s", "86401", "99999999999999999999"])
def test_wait_timeout_that_is_none(ctl, timeout):
    assert ctl.run("wait", "--timeout", timeout) == (
        2, "", f'netnsctl: --timeout takes 0 to 86400 seconds, not "{timeout}"\n')


def test_wait_for_too_much(ctl):
    code, _, err = ctl.run("wait", *["--namespace=x"] * 65)
    assert (code, err) == (2, "netnsctl: more than 64 times --namespace\n")
