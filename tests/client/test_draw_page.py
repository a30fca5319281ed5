# SPDX-License-Identifier: MIT
"""netnsctl graph --format html in a real browser: pan, zoom, search, states, and names that try to be scripts."""
import re
import signal
import time
from html.parser import HTMLParser

import browser
import graphs
import pytest

needs_browser = pytest.mark.skipif(not browser.PROGRAM, reason="there is no Chromium")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    b = browser.Browser(tmp_path_factory.mktemp("browser"))
    yield b
    b.close()


@pytest.fixture
def page(ctl, shared):
    """Opens a network; there must be no error until the end of the test."""
    shared.errors.clear()

    def show(name):
        ctl.close()
        (ctl.folder / "socket").unlink(missing_ok=True)
        ctl.serve(Graph=[graphs.ALL[name]])
        path = ctl.folder / "page.html"
        path.write_text(ctl.out("graph", "--format", "html"))
        shared.open(path)
        return shared
    yield show
    shared.value("0")
    assert shared.errors == []


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def view(b):
    return [float(n) for n in b.value("document.querySelector('main svg').getAttribute('viewBox')").split()]


def names(b, selector):
    return b.value(f"[...document.querySelectorAll('{selector}')].map((e) => e.querySelector('.title').textContent)")


@needs_browser
def test_fits(page):
    """A large drawing is fitted into the window, a small one is shown as it is."""
    b = page("star59")
    assert view(b)[:2] == [0, 0] and view(b)[2] > 1200
    assert b.value("document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight")
    b = page("pair")
    assert view(b)[2:] == b.value("(() => { const b = document.querySelector('main svg').getBoundingClientRect();"
                                  " return [b.width, b.height]; })()")


@needs_browser
def test_pan(page):
    b = page("pair")
    before = view(b)
    b.mouse("mousePressed", 600, 600, button="left", clickCount=1)
    b.mouse("mouseMoved", 640, 630, button="left", buttons=1)
    b.mouse("mouseMoved", 700, 650, button="left", buttons=1)
    b.mouse("mouseReleased", 700, 650, button="left", clickCount=1)
    assert [round(n) for n in view(b)] == [round(before[0] - 100), round(before[1] - 50), round(before[2]), round(before[3])]
    b.mouse("mouseMoved", 300, 300)  # the button is no longer pressed
    x = view(b)[0]
    b.key("ArrowRight")
    assert view(b)[0] == pytest.approx(x + before[2] / 10)
    b.key("0", "0")
    assert view(b) == before


@needs_browser
def test_zoom(page):
    b = page("star19")
    before = view(b)
    point = "(() => { const p = new DOMPoint(400, 300).matrixTransform(document.querySelector('main svg').getScreenCTM().inverse());" \
            " return [p.x, p.y]; })()"
    under = b.value(point)
    b.mouse("mouseWheel", 400, 300, deltaX=0, deltaY=-200)
    b.wait(f"document.querySelector('main svg').viewBox.baseVal.width < {before[2]} - 1")
    assert b.value(point) == pytest.approx(under)  # what is under the pointer stays there
    wide = view(b)[2]
    b.click("#in")
    assert view(b)[2] == pytest.approx(wide / 1.25)
    b.key("-", "-")
    assert view(b)[2] == pytest.approx(wide)
    b.click("#fit")
    assert view(b) == before


@needs_browser
def test_search(page):
    b = page("star19")
    b.key("/", "/")
    assert b.value("document.activeElement.id") == "search"
    b.call("Input.insertText", text="10.1.0.1")  # the bridge, and ten namespaces
    b.wait("document.querySelector('#found').textContent !== ''")
    assert b.value("document.querySelector('#found').textContent") == "20 of 20"  # their gateway has it, too
    b.value("document.querySelector('#search').select()")
    b.call("Input.insertText", text="10.1.0.20/")
    b.wait("document.querySelector('#found').textContent === '1 of 20'")
    assert names(b, ".ns.hit") == ["ns18"]
    assert b.value("document.querySelectorAll('.cable.hit').length") == 1
    assert b.value("getComputedStyle(document.querySelector('.ns:not(.hit)')).opacity") == "0.2"
    b.key("Enter")
    assert names(b, ".ns.current") == ["ns18"]
    x, y, w, h = view(b)
    box = b.value("(() => { const r = document.querySelector('.ns.current rect').getBBox(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
    assert box == pytest.approx([x + w / 2, y + h / 2])
    b.key("Escape")
    assert b.value("document.querySelector('#search').value") == "" and not b.value("document.querySelector('svg.some') !== null")


@needs_browser
def test_states(page):
    b = page("states")
    assert b.value("[...document.querySelectorAll('#states button')].map((b) => b.textContent)") == [
        "up 6", "no carrier 1", "down 1", "missing 1", "drifted 2", "another program's 2"]
    colours = b.value("Object.fromEntries([...document.querySelectorAll('.if')].map((e) => [e.classList[1],"
                      " getComputedStyle(e.querySelector('circle')).fill]))")
    assert len(set(colours.values())) == 6 and colours["missing"] == "none"
    assert b.value("getComputedStyle(document.querySelector('.cable.down')).stroke") == colours["down"]
    assert b.value("getComputedStyle(document.querySelector('.cable.up')).stroke") not in colours.values()
    b.click("#states [data-state='drifted']")
    assert names(b, ".ns.hit") == ["host", "drifted"]
    b.click("#states [data-state='drifted']")
    assert not b.value("document.querySelector('svg.some') !== null")


@needs_browser
def test_neighbours(page):
    b = page("chain10")
    b.click(".ns[data-ns='4'] .title", 2)
    assert names(b, ".ns.hit") == ["r3", "r4", "r5"]


@needs_browser
def test_theme(page):
    b = page("pair")
    light = b.value("getComputedStyle(document.body).backgroundColor")
    box = b.value("getComputedStyle(document.querySelector('.ns rect')).fill")
    b.key("t", "t")
    assert b.value("getComputedStyle(document.body).backgroundColor") != light
    assert b.value("getComputedStyle(document.querySelector('.ns rect')).fill") != box
    b.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    b = page("pair")
    assert b.value("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    b.call("Emulation.setEmulatedMedia", features=[])


@needs_browser
def test_refreshes(ctl, shared):
    """A page that is watched loads itself again, and looks as it did: the theme, the search, and where it was moved to."""
    shared.errors.clear()
    ctl.serve(Graph=[graphs.ALL["star4"]])
    path = ctl.folder / "watched.html"
    with ctl.popen("graph", "--watch", "--format", "html", "-w", str(path)) as watching:
        wait_for(path.exists)
        shared.open(path)
        shared.value("document.getElementById('theme').click()")
        theme = shared.value("document.documentElement.dataset.theme")
        shared.value("document.getElementById('in').click()")
        moved = view(shared)
        ctl.daemon.replies["Graph"] = [graphs.ALL["star19"]]
        shared.wait("document.querySelectorAll('.ns').length === 20")
        assert view(shared) == pytest.approx(moved) and shared.value("document.documentElement.dataset.theme") == theme
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == 0
    assert shared.errors == []


@needs_browser
def test_keyboard_reaches_every_namespace(page):
    b = page("star4")
    reached = set()
    for _ in range(30):
        b.key("Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.add(b.value("document.activeElement.getAttribute('aria-label')"))
    assert {"host", "ns0", "ns1", "ns2", "ns3", "Zoom in", "Search"} <= reached


@needs_browser
def test_names_are_no_scripts(page):
    b = page("hostile")
    assert b.value("document.scripts.length") == 1
    assert "<script>alert(1)</script>" in names(b, ".ns")
    assert len(names(b, ".ns")) == len(graphs.HOSTILE)


@needs_browser
def test_no_other_script_runs(ctl, shared):
    """Even if one came into the page, its Content-Security-Policy would not allow it."""
    ctl.serve(Graph=[graphs.ALL["pair"]])
    path = ctl.folder / "page.html"
    path.write_text(ctl.out("graph", "--format", "html").replace("<main>", "<main><script>document.title = 'run'</script>"))
    shared.open(path)
    assert shared.value("document.title") == "Network namespaces"
    shared.wait("document.querySelectorAll('#states button').length > 0")
    assert any("Content Security Policy" in str(e) for e in shared.errors)
    shared.errors.clear()


class Loads(HTMLParser):
    """What a page would load."""
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        if tag in ("link", "img", "iframe", "object", "embed", "image", "use"):
            self.found.append(tag)
        self.found += [f"{k}={v}" for k, v in attrs if k in ("src", "href", "xlink:href", "data", "style") or k.startswith("on")]


def test_loads_nothing(ctl):
    ctl.serve(Graph=[graphs.ALL["hostile"]])
    text = ctl.out("graph", "--format", "html")
    loads = Loads()
    loads.feed(text)
    assert loads.found == []
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text)
    assert text.count("<script") == text.count("</script>") == 1
