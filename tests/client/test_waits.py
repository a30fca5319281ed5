# SPDX-License-Identifier: MIT
"""What netnsctl wait asks, and how it ends, against a fake daemon."""
import pytest


@pytest.mark.parametrize("args, parameters", [
    ([], {"timeout_seconds": 30}),
    (["a", "b", "--timeout", "5"], {"names": ["a", "b"], "timeout_seconds": 5}),
    (["--namespace", "x", "--namespace=y", "--timeout=0"], {"namespaces": ["x", "y"], "timeout_seconds": 0}),
])
def test_wait(ctl, args, parameters):
    ctl.serve(Wait=[{}])
    assert ctl.out("wait", *args) == ""
    assert ctl.daemon.calls == [{"method": "io.netnsd.Wait", "parameters": parameters}]


@pytest.mark.parametrize("error, code, said", [
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
