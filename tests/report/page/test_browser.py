"""The page in a real browser, from a file, as people open it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import toolchains

from .helpers import HOSTILE, make_full_store, write_page

TIMEOUT = 60  # seconds; only a page that does not work takes so long


class Page:
    """A page in a browser, and what the browser had to say about it."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, path: Path, width: int = 1200, height: int = 900) -> None:
        self.resize(width, height)
        self.driver.get(path.as_uri())

    def resize(self, width: int, height: int = 900) -> None:
        self.tell("Emulation.setDeviceMetricsOverride",
                  width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, **features: str) -> None:
        self.tell("Emulation.setEmulatedMedia", features=[
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()])

    def tell(self, command: str, **arguments: Any) -> None:
        self.driver.execute_cdp_cmd(command, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def wait(self, script: str) -> Any:
        return wait(lambda: self.run(script), script)

    def column(self, head: str) -> list[str]:
        """Cells of the column whose head is called so, in the order shown."""
        found: list[str] = self.run(
            "const head = [...document.querySelectorAll('thead th')]"
            ".find(each => each.innerText.replace(/\\s+/g, ' ').startsWith(arguments[0]));"
            "return [...document.querySelectorAll('tbody tr')]"
            ".map(row => row.cells[head.cellIndex].innerText.trim())", head)
        return found

    def head(self, title: str) -> Any:
        return self.run(
            "return [...document.querySelectorAll('thead button')]"
            ".find(each => each.innerText.replace(/\\s+/g, ' ').startsWith(arguments[0]))", title)

    def messages(self) -> list[Any]:
        found: list[Any] = self.driver.get_log("browser")
        return found

    def requests(self) -> list[str]:
        """Addresses that were asked for, but for what lies in the page itself."""
        events = [json.loads(each["message"])["message"]
                  for each in self.driver.get_log("performance")]
        addresses = [event["params"]["request"]["url"] for event in events
                     if event["method"] == "Network.requestWillBeSent"]
        return [address for address in addresses if not address.startswith("data:")]


def wait(ask: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + TIMEOUT
    while not (answer := ask()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return answer


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    toolchains.need("chromium", "chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    # Containers, where tests run as root, allow neither a sandbox nor much shared memory.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.binary_location = toolchains.path_of("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=toolchains.path_of("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield Page(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(make_full_store(tmp_path_factory.mktemp("page") / "store"))


@pytest.fixture
def page(browser: Page, path: Path) -> Iterator[Page]:
    """The page, freshly opened; that nothing was said or asked for is part of every test."""
    browser.prefer(prefers_reduced_motion="no-preference", prefers_color_scheme="light")
    browser.messages()
    browser.requests()
    browser.open(path)
    yield browser
    assert browser.messages() == []
    assert browser.requests() == [path.as_uri()]


def test_charts_are_drawn_and_say_what_they_show(page: Page) -> None:
    page.wait("return document.querySelectorAll('.chart svg').length === 5")
    labels = page.run("return [...document.querySelectorAll('.chart svg')]"
                      ".map(svg => svg.getAttribute('aria-label'))")
    assert labels[0].startswith("cell accuracy % against theoretical memory of 2 lines")
    assert labels[2].startswith("log10 loss over iterations, 3 runs")
    assert page.run("return document.querySelectorAll('.series[d]').length") == 7
    assert page.run("return [...document.querySelectorAll('.chart text')]"
                    ".filter(text => text.textContent === 'mutation').length") == 2
    caption = page.run("return document.querySelector('figcaption').innerText")
    assert caption == "Nothing is both cheaper and better than 1 float."


def test_lines_and_axes_are_chosen(page: Page) -> None:
    page.wait("return document.querySelectorAll('.series[d]').length === 7")
    page.run("document.querySelector('.legend input').click()")
    assert page.run("return document.querySelectorAll('.series[d]').length") == 4
    before = page.run("return document.querySelector('.series[d^=M]').getAttribute('d')")
    page.run("const axis = document.querySelector('#lines select'); axis.value = '50';"
             "axis.dispatchEvent(new Event('change'))")
    paths = page.run("return [...document.querySelectorAll('path[data-line]')]"
                     ".map(path => path.getAttribute('d'))")
    assert paths[0] == before  # the loss
    assert len(paths) == 4
    page.run("const up = document.querySelector('#pareto select'); up.value = 'agreement';"
             "up.dispatchEvent(new Event('change'))")
    assert page.run("return document.querySelector('#pareto h3').innerText").startswith(
        "agreement % against")


def test_the_table_sorts_by_click(page: Page) -> None:
    assert page.column("#") == ["1", "2", "3", "4", "5", "6"]
    page.head("memory").click()
    sizes = page.column("memory")
    assert page.column("#") == ["1", "2", "3", "4", "5", "6"]
    page.head("memory").click()
    assert page.column("memory") == sizes[::-1]
    assert page.run("return document.querySelectorAll('[aria-sort=descending]').length") == 1
    assert page.run("return document.querySelectorAll('[aria-sort=ascending]').length") == 0
    page.head("row").click()
    assert page.column("row")[1:] == ["float baseline", "late", "one bit", "slow", "wide"]


def test_what_is_missing_comes_last_either_way(page: Page) -> None:
    page.head("cell accuracy").click()
    assert page.column("cell accuracy")[:3] == ["75.0", "87.5", ""]
    page.head("cell accuracy").click()
    assert page.column("cell accuracy")[:3] == ["87.5", "75.0", ""]


def test_the_table_sorts_by_keyboard(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.run("arguments[0].focus()", page.head("log10 loss"))
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    page.press(Keys.ENTER)
    assert page.run(outline) == "solid"
    assert page.column("log10 loss")[:2] == ["1.00", "2.00"]
    page.press(Keys.SPACE)
    assert page.column("log10 loss")[:2] == ["2.00", "1.00"]
    page.press(Keys.TAB)
    next_head = page.run("return document.activeElement.innerText")
    assert next_head.startswith("log10 loss\n+/- baseline")


def test_differences_from_the_baseline_are_shown(page: Page) -> None:
    assert page.column("cell accuracy % +/- baseline")[:2] == ["0", "-12.5"]
    assert page.column("log10 loss +/- baseline")[:2] == ["0", "-1.00"]
    classes = page.run("return ['better', 'worse'].map(name => "
                       "document.querySelector('tbody td.' + name).innerText)")
    assert classes == ["-1.00", "-12.5"]


def test_runs_that_are_not_done_say_why(page: Page) -> None:
    states = page.column("state")
    assert "iteration 3" in states[2]
    assert states[3].startswith("failed")
    assert states[4:] == ["stopped at 20 %", "waiting"]


def colours_in(page: Page, selector: str) -> list[int]:
    """How many colours each canvas shows."""
    found: list[int] = page.run(
        "return [...document.querySelectorAll(arguments[0])].map(canvas => {"
        "const copy = new OffscreenCanvas(canvas.width, canvas.height)"
        ".getContext('2d', { willReadFrequently: true });"
        "copy.drawImage(canvas, 0, 0);"
        "const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);"
        "return new Set(new Uint32Array(data.buffer)).size; })", selector)
    return found


def test_pictures_load_and_the_animation_advances_and_pauses(page: Page) -> None:
    page.run("document.querySelector('tbody a').click()")
    page.wait("return document.querySelector('.panel[open] output')?.textContent")
    said = "return document.querySelector('.panel[open] output').textContent"
    assert all(count > 2 for count in colours_in(page, ".panel[open] canvas"))
    assert len(colours_in(page, ".strip canvas")) == 6
    first = page.run(said)
    page.wait(f"return ({said.removeprefix('return ')}) !== {json.dumps(first)}")
    play = "return document.querySelector('.panel[open] .controls button')"
    if page.run(play).text == "Pause":
        page.run(play).click()
    stopped = page.run(said)
    time.sleep(0.5)
    assert page.run(said) == stopped
    page.wait("return document.querySelector('.panel[open] .controls button')"
              ".textContent === 'Play'")


def test_the_animation_by_keyboard_and_without_motion(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.prefer(prefers_reduced_motion="reduce")
    page.run("document.querySelector('.panel summary').focus()")
    page.press(Keys.ENTER)
    said = "return document.querySelector('.panel[open] output')?.textContent"
    assert page.wait(said) == "Step 0: the pictures"
    time.sleep(0.5)
    assert page.run(said) == "Step 0: the pictures"  # nothing moves until it is asked to
    page.press(Keys.TAB, Keys.TAB, Keys.TAB, Keys.ENTER, Keys.ENTER)
    assert page.run(said) == "Step 2: 3 of 3 agree, 3 rightly"
    page.press(Keys.TAB, Keys.END)
    assert page.run(said) == "Step 400: 3 of 3 agree, 3 rightly"
    page.press(Keys.ARROW_LEFT)
    assert page.run(said) == "Step 203: 3 of 3 agree, 3 rightly"
    before = page.run("return document.querySelector('.panel[open] canvas').toDataURL()")
    page.press(Keys.HOME)
    assert page.run("return document.querySelector('.panel[open] canvas').toDataURL()") != before
    slider = "return document.activeElement.getAttribute('aria-valuetext')"
    assert page.run(slider) == "Step 0: the pictures"


def test_a_panel_has_config_provenance_and_files(page: Page, path: Path) -> None:
    page.run("document.querySelectorAll('.panel')[1].open = true")
    page.wait("return document.querySelector('.panel[open] .files')")
    text = page.run("return document.querySelector('.panel[open]').textContent")
    assert HOSTILE in json.loads(page.run("return document.querySelector('pre').textContent"))[
        "update"]["kernel_quantizer"]
    assert "perceive.widths" in text
    assert "larqca 0.1.0, larq 0.14.0" in text
    links = page.run("return [...document.querySelectorAll('.files a')].map(a => a.href)")
    files = [Path(link.removeprefix("file://")) for link in links]
    assert {"model.npz", "history.csv", "config.json"} <= {file.name for file in files}
    assert all(file.is_file() for file in files)


def test_names_and_reasons_are_inert(page: Page) -> None:
    page.run("document.querySelectorAll('.panel').forEach(panel => { panel.open = true; })")
    page.wait("return [...document.querySelectorAll('.panel')].every("
              "panel => panel.querySelector('.inside').children.length)")
    assert page.driver.title == f"states {HOSTILE}"
    assert page.run("return typeof owned") == "undefined"
    assert page.run("return document.images.length") == 0
    assert page.run("return document.scripts.length") == 2
    for selector in ("h1", "tbody tr:nth-child(3) th a", "tbody tr:nth-child(3) td:nth-child(3)",
                     "tbody tr:nth-child(4) .words", "#runs summary", "#runs dt", "#origin code"):
        texts = page.run("return [...document.querySelectorAll(arguments[0])]"
                         ".map(each => each.textContent)", selector)
        assert HOSTILE.partition("`")[0] in "".join(texts), selector


@pytest.mark.parametrize("width", [320, 360, 768])
def test_narrow_windows_scroll_the_table_and_not_the_page(page: Page, width: int) -> None:
    page.resize(width)
    page.run("document.querySelectorAll('.panel').forEach(panel => { panel.open = true; })")
    page.wait("return document.querySelectorAll('.chart svg').length === 5 && [...document"
              ".querySelectorAll('.chart svg')].every(svg => svg.clientWidth <= innerWidth)")
    assert page.run("return document.documentElement.scrollWidth") <= width
    scroll = "const box = document.querySelector('.scroll'); return "
    assert page.run(scroll + "box.scrollWidth > box.clientWidth && box.tabIndex === 0")


def test_dark_windows_are_dark(page: Page) -> None:
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = page.run(paper)
    page.prefer(prefers_color_scheme="dark")
    assert page.run(paper) != light == "rgb(255, 255, 255)"


def test_a_sweep_without_results_is_a_page_too(browser: Page, tmp_path: Path) -> None:
    from tests.report.helpers import make_store

    make_store(tmp_path)
    browser.messages()
    browser.open(write_page(tmp_path))
    text = browser.run("return document.body.innerText")
    assert "No run is done yet." in text
    assert "No run has come to the end of its training yet." in text
    assert browser.messages() == []
