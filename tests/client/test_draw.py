# SPDX-License-Identifier: MIT
"""netnsctl graph: what each format draws. UPDATE=1 rewrites the files it is compared with, tests/client/graph."""
import json
import os
import re
import shutil
import signal
import subprocess
import time
import unicodedata
import xml.etree.ElementTree as ET

import graphs
import pytest
from ctl import ROOT

GOLDEN = ROOT / "tests/client/graph"
UTF8 = {"LANG": "C.UTF-8"}
SUFFIXES = {"text": "txt", "mermaid": "mmd", "dot": "dot", "d2": "d2"}


def draw(ctl, name, form, **environment):
    ctl.close()
    (ctl.folder / "socket").unlink(missing_ok=True)
    ctl.serve(Graph=[graphs.ALL[name]])
    return ctl.out("graph", "--format", form, **(UTF8 | environment))


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def width(line):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def compare(text, file):
    path = GOLDEN / file
    if os.environ.get("UPDATE"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", ["pair", "star4", "chain10", "ring5", "tree20", "states", "hostile", "pairs30"])
def test_text(ctl, name):
    compare(draw(ctl, name, "text"), f"{name}.txt")


def test_text_wide(ctl):
    compare(draw(ctl, "chain10", "text", COLUMNS="200"), "chain10-200.txt")


def test_text_narrow(ctl):
    compare(draw(ctl, "pair", "text", COLUMNS="40"), "pair-40.txt")


@pytest.mark.parametrize("variables", [{"LANG": ""}, {"LANG": "C.UTF-8", "LC_ALL": "C"}], ids=["none", "C"])
def test_text_ascii(ctl, variables):
    text = draw(ctl, "states", "text", **variables)
    assert text.isascii()
    compare(text, "states-ascii.txt")


@pytest.mark.parametrize("name", list(graphs.ALL))
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_text_fits(ctl, name, columns):
    """No line is wider than the terminal; what is not drawn, or cut, is said."""
    text = draw(ctl, name, "text", COLUMNS=str(columns))
    assert max((width(line) for line in text.splitlines() if "cut off at" not in line), default=0) <= columns
    cut = re.search(r"cut off at", text)
    for n in graphs.ALL[name]["namespaces"]:
        assert name == "hostile" or cut or f" {n['name']} " in text or f" {n['name']}\n" in text
    assert name.startswith("fabric") or columns == 40 or "not drawn" not in text


@pytest.mark.parametrize("name", ["states", "hostile"])
@pytest.mark.parametrize("form", ["mermaid", "dot", "d2"])
def test_languages(ctl, name, form):
    compare(draw(ctl, name, form), f"{name}.{SUFFIXES[form]}")


@pytest.mark.skipif(not shutil.which("dot"), reason="graphviz is not installed")
@pytest.mark.parametrize("name", list(graphs.ALL))
def test_dot_is_read_by_graphviz(ctl, name):
    """And the names are what they were."""
    text = draw(ctl, name, "dot")
    r = subprocess.run(["dot", "-Tjson0"], input=text, capture_output=True, text=True, timeout=60, check=True)
    assert r.stderr == ""
    labels = {o["label"].split("\\n")[0] for o in json.loads(r.stdout).get("objects", ()) if o["name"].startswith("cluster")}
    want = {n["name"] for n in graphs.ALL[name]["namespaces"]}
    if name == "hostile":
        assert len(labels) == len(want) and "<script>alert(1)</script>" in labels
    elif name != "states":
        assert labels == want


def test_formats(ctl):
    ctl.serve(Graph=[graphs.pair()])
    assert ctl.out("graph") == ctl.out("graph", "--format", "mermaid")
    assert json.loads(ctl.out("graph", "--format", "json")) == json.loads(ctl.out("graph", "--json")) == graphs.pair()
    assert ctl.run("graph", "--format", "tex")[0::2] == (2, 'netnsctl: unknown format "tex"; did you mean text?\n')
    assert ctl.run("graph", "--format", "pdf")[0] == 2
    assert "┌─ host" in ctl.on_terminal("graph", LANG="C.UTF-8", NO_COLOR="1")


def test_names_are_passed(ctl):
    ctl.serve(Graph=[graphs.pair()])
    ctl.out("graph", "lab", "other")
    assert ctl.daemon.calls == [{"method": "io.netnsd.Graph", "parameters": {"names": ["lab", "other"]}}]
    ctl.out("graph")
    assert ctl.daemon.calls[1].get("parameters", {}) == {}


def test_colours_on_a_terminal(ctl):
    ctl.serve(Graph=[graphs.states()])
    text = ctl.on_terminal("graph", LANG="C.UTF-8", COLUMNS="100")
    assert "\033[31mdown" in re.sub(r"\033\[31m[^\033]*down", "\033[31mdown", text)
    assert "\033[" not in ctl.on_terminal("graph", LANG="C.UTF-8", NO_COLOR="1")


@pytest.mark.parametrize("reply", [{}, {"namespaces": 3, "cables": "x"}, {"namespaces": [1, None, {}], "cables": [{}, 7]},
                                   {"namespaces": [{"name": "a", "interfaces": [{"name": "b", "addresses": [1, None]}]}],
                                    "cables": [{"type": "pair", "source": "a/b", "to": "a/b"}, {"type": "port", "source": "a/b", "to": "a/b"}]}])
@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "d2", "svg", "html"])
def test_odd_answers(ctl, reply, form):
    """Of another netnsd."""
    ctl.serve(Graph=[reply])
    assert ctl.run("graph", "--format", form)[0] == 0


SVG = "{http://www.w3.org/2000/svg}"
# At most what a character of a monospaced font of 12 and of bold 13 pixels takes.
WIDTHS = {"title": 8.2}
USUAL = 7.4


def numbers(element, *names):
    return [float(element.get(name)) for name in names]


def boxes(root):
    """[(name, x, y, right, bottom)], and the texts in each: [(class, x, baseline, right)]"""
    for g in root.iter(SVG + "g"):
        if not g.get("class", "").startswith("ns "):
            continue
        x, y, w, h = numbers(g.find(SVG + "rect"), "x", "y", "width", "height")
        texts = [(t.get("class"), *numbers(t, "x", "y"), float(t.get("x")) + width(t.text) * WIDTHS.get(t.get("class"), USUAL))
                 for t in g.iter(SVG + "text")]
        yield g.find(f"{SVG}text[@class='title']").text, (x, y, x + w, y + h), texts


def points(path):
    """Points on the curves and lines of a path of a cable."""
    for x0, y0, rest in re.findall(r"M(-?\d+) (-?\d+)([Ch][-\d ]*)", path):
        p = [int(n) for n in re.findall(r"-?\d+", rest)]
        xs, ys = ([int(x0), p[0], p[2], p[4]], [int(y0), p[1], p[3], p[5]]) if rest[0] == "C" else \
            ([int(x0)] * 2 + [int(x0) + p[0]] * 2, [int(y0)] * 4)
        for t in (i / 40 for i in range(41)):
            k = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3]
            yield sum(a * b for a, b in zip(k, xs)), sum(a * b for a, b in zip(k, ys))


@pytest.mark.parametrize("name", list(graphs.ALL))
def test_svg(ctl, name):
    """Nothing overlaps, every text is inside its box, and no cable crosses a box."""
    root = ET.fromstring(draw(ctl, name, "svg"))
    drawn = list(boxes(root))
    wide, high = numbers(root, "width", "height")
    rectangles = [r for _, r, _ in drawn]
    assert len(drawn) == len(graphs.ALL[name]["namespaces"])
    for box, (x, y, right, bottom), texts in drawn:
        assert 0 <= x and right <= wide and 0 <= y and bottom <= high
        for _, left, baseline, end in texts:
            assert x < left and end <= right and y < baseline - 10 and baseline + 3 <= bottom, box
        for k, (_, left, baseline, end) in enumerate(texts):
            for _, l, b, e in texts[k + 1:]:
                assert abs(b - baseline) >= 12 or l >= end or e <= left, box
    for i, (x, y, right, bottom) in enumerate(rectangles):
        for x2, y2, right2, bottom2 in rectangles[i + 1:]:
            assert right + 8 <= x2 or right2 + 8 <= x or bottom + 8 <= y2 or bottom2 + 8 <= y
    cables = [p for p in root.iter(SVG + "path") if p.get("class", "").startswith("cable")]
    assert len(cables) == sum(c["type"] == "pair" for c in graphs.ALL[name]["cables"])
    for cable in cables:
        for px, py in points(cable.get("d")):
            assert 0 <= px <= wide and 0 <= py <= high
            assert not any(x + 1 < px < right - 1 and y + 1 < py < bottom - 1 for x, y, right, bottom in rectangles), cable.get("d")


@pytest.mark.parametrize("name, size", [("pair", (700, 300)), ("star4", (900, 600)), ("star19", (1700, 1000)), ("chain10", (1100, 700)),
                                        ("star59", (2300, 1700)), ("chain60", (2300, 1400)), ("tree60", (2200, 2300))])
def test_svg_is_no_larger_than_it_needs(ctl, name, size):
    wide, high = numbers(ET.fromstring(draw(ctl, name, "svg")), "width", "height")
    assert wide <= size[0] and high <= size[1]


def test_svg_has_no_names_but_as_text(ctl):
    """A name is never markup."""
    svg = draw(ctl, "hostile", "svg")
    root = ET.fromstring(svg)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} == {"svg", "title", "style", "rect", "g", "path", "circle", "text"}
    assert "<script" not in svg and "\n</svg>" in svg and svg.count("</svg>") == 1
    assert {t for t, _, _ in boxes(root)} == {text.replace("\n", "\\x0a").replace("\x1b", "\\x1b").replace("\u202e", r"\xe2\x80\xae")
                                            for text in graphs.HOSTILE}


def test_svg_states(ctl):
    root = ET.fromstring(draw(ctl, "states", "svg"))
    classes = {e.get("class") for e in root.iter(SVG + "g")} | {e.get("class") for e in root.iter(SVG + "path")}
    assert {"ns missing", "if down", "if no_carrier", "if drifted", "if foreign", "if missing", "if up", "cable missing",
            "cable down", "cable drifted", "cable up"} <= classes


@pytest.mark.parametrize("network", [graphs.star, graphs.chain, graphs.pairs, lambda n: graphs.fabric(16, n // 16)],
                         ids=["star", "chain", "pairs", "fabric"])
@pytest.mark.parametrize("form", ["text", "svg"])
def test_a_thousand(ctl, network, form):
    """Namespaces, in less than the 10 seconds that a run may take: no step takes the square of many."""
    ctl.serve(Graph=[network(1000)])
    assert len(ctl.out("graph", "--format", form, **UTF8)) > 100_000


def test_watch_writes_what_changes(ctl):
    """Into a file as a whole, each time; until it is interrupted.  If netnsd goes away, the picture stays."""
    def inode():
        return path.stat().st_ino if path.exists() else None
    ctl.serve(Graph=[graphs.ALL["pair"]])
    path = ctl.folder / "picture.svg"
    with ctl.popen("graph", "--watch", "--format", "svg", "--write", "picture.svg", stderr=subprocess.PIPE, text=True) as watching:
        wait_for(inode)
        first = inode()
        assert "refreshes" not in path.read_text()
        ctl.daemon.replies["Graph"] = [graphs.ALL["star4"]]
        wait_for(lambda: "ns3" in path.read_text())
        assert inode() != first
        second = inode()
        calls = len(ctl.daemon.calls)
        wait_for(lambda: len(ctl.daemon.calls) > calls + 1)
        assert inode() == second
        ctl.daemon.replies["Graph"] = [{"error": "io.netnsd.NoSuchTopology", "parameters": {"name": "x"}}]
        assert "the drawing stays as it was" in watching.stderr.readline()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0 and inode() == second
    assert sorted(p.name for p in ctl.folder.iterdir() if "picture" in p.name) == ["picture.svg"]


def test_watch_needs_a_file(ctl):
    ctl.serve(Graph=[graphs.ALL["pair"]])
    code, out, err = ctl.run("graph", "--watch", "--format", "svg")
    assert (code, out) == (2, "") and "add -w FILE" in err


def test_watch_lines(ctl):
    """Where there is no terminal: the picture, and again when it has changed."""
    ctl.serve(Graph=[graphs.ALL["pair"]])
    with ctl.popen("graph", "--watch", "--format", "text", stdout=subprocess.PIPE, text=True) as watching:
        assert "host" in watching.stdout.readline()
        ctl.daemon.replies["Graph"] = [graphs.ALL["star4"]]
        wait_for(lambda: "ns3" in watching.stdout.readline())
        # Nobody reads any more.
        watching.stdout.close()
        ctl.daemon.replies["Graph"] = [graphs.ALL["ring5"]]
        assert watching.wait(20) == 0

