"""The report of a simulation in Chromium: fits, can be read by eye and by keyboard, asks nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.main import main
from tests.e2e.browser.chromium import DOWN, ESCAPE, RIGHT, TAB, Chromium, chromium, programs
from tests.e2e.stack.content import ROOT

QUICKSTART = ROOT / "examples" / "quickstart.yaml"
#: Contrast that WCAG 2.2 asks of graphics (1.4.11) and of text (1.4.3).
GRAPHICS = 3.0
TEXT = 4.5


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster that rotates its CA after ten days."""
    folder = tmp_path_factory.mktemp("report")
    document = yaml.safe_load(QUICKSTART.read_text(encoding="utf-8"))
    document["metadata"]["annotations"] = {"wazuh.com/rotate-ca": "1"}
    edit, file = folder / "rotate.yaml", folder / "report.html"
    edit.write_text(yaml.safe_dump(document), encoding="utf-8")
    arguments = ["--direct", "--for", "20d", "--edit", f"{edit}@10d", "--report", str(file)]
    assert main(["simulate", str(QUICKSTART), *arguments]) == 0
    return file


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """One browser for all tests of the file."""
    found = programs()
    if found is None:
        pytest.skip("chromium and chromium-driver are not installed")
    with chromium(tmp_path_factory.mktemp("chromium"), *found) as running:
        yield running


@pytest.fixture
def page(browser: Chromium, report: Path) -> Chromium:
    """The report, freshly loaded in a wide window."""
    browser.look(width=1200)
    browser.open(report)
    return browser


def test_the_browser_has_nothing_to_complain_about(page: Chromium) -> None:
    """No error of the script, nothing that the page's own policy refuses."""
    assert page.complaints() == []


def test_the_page_loads_nothing(page: Chromium) -> None:
    """Neither files nor hosts."""
    assert page.run("return performance.getEntriesByType('resource').length") == 0


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
@pytest.mark.parametrize("folded", [True, False])
def test_the_page_never_scrolls_sideways(page: Chromium, width: int, *, folded: bool) -> None:
    """With every episode and the table of events open as well."""
    page.look(width=width)
    if not folded:
        page.run("for (const one of document.querySelectorAll('details')) one.open = true")
    assert page.run("return innerWidth") == width
    assert page.run("return document.documentElement.scrollWidth") <= width


def test_every_lane_is_drawn_with_a_width(page: Chromium) -> None:
    """Each lane of the overview has something that can be pointed at, within its track."""
    outside = page.run(
        """
        return [...document.querySelectorAll('#overview ~ .chart .track')].filter((track) => {
          const box = (one) => one.getBoundingClientRect();
          const frame = box(track);
          const items = [...track.querySelectorAll('g > rect')].map(box);
          return !track.querySelector('g') || items.some((item) =>
            item.width < 1 || item.left < frame.left - 1 || item.right > frame.right + 1);
        }).map((track) => track.parentElement.textContent)
        """
    )
    assert outside == []
    assert page.run("return document.querySelectorAll('#overview ~ .chart .track').length") > 20


@pytest.mark.parametrize("dark", [False, True])
def test_colours_can_be_told_from_the_ground(page: Chromium, *, dark: bool) -> None:
    """Contrast of texts and of what is drawn, in both schemes."""
    page.look(width=1200, dark=dark)
    ground = _luminance(page, "body", "backgroundColor")
    assert (ground < 0.1) is dark
    for selector in ("h1", "header p", ".axis text"):
        colour = "fill" if selector.startswith(".axis") else "color"
        assert _contrast(ground, _luminance(page, selector, colour)) >= TEXT, selector
    text = _luminance(page, ".track .good text", "fill")
    for look in ("good", "changing", "bad", "idle", "in-use"):
        drawn = _luminance(page, f".key .{look} rect", "fill")
        assert _contrast(ground, drawn) >= GRAPHICS, look
        assert _contrast(text, drawn) >= TEXT, look


def test_pointing_shows_the_details(page: Chromium) -> None:
    """In a panel, in the words of the accessible name."""
    assert page.run("return document.getElementById('detail').hidden") is True
    place = page.run(
        """
        const bar = document.querySelector('#overview ~ .chart .mark');
        bar.scrollIntoView({block: 'center'});
        const box = bar.getBoundingClientRect();
        return [box.left + box.width / 2, box.top + box.height / 2].map(Math.round);
        """
    )
    page.point(*place)
    assert page.run("return document.getElementById('detail').textContent").startswith("edit, ")


def test_everything_can_be_reached_by_keyboard(page: Chromium) -> None:
    """One tab stop a lane; arrows go through it and to the next lane; Escape closes the panel."""
    page.run("document.querySelector('#overview ~ .chart .track g[tabindex=\"0\"]').focus()")
    names = [_focused(page)]
    for key in (RIGHT, DOWN, TAB):
        page.press(key)
        names.append(_focused(page))
    assert [name["lane"] for name in names] == ["Edits", "Edits", "Phase", "Ready"]
    assert names[0]["title"] != names[1]["title"]
    assert "rotate.yaml: annotation wazuh.com/rotate-ca" in names[1]["title"]
    assert page.run("return document.getElementById('detail').textContent") == names[-1]["title"]
    assert page.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press(ESCAPE)
    assert page.run("return document.getElementById('detail').hidden") is True


def test_assistive_technology_is_told_the_details(page: Chromium) -> None:
    """Role and accessible name of a lane and of what it holds."""
    edits = '#overview ~ .chart [aria-label="Edits"]'
    assert page.spoken(edits) == ("group", "Edits")
    role, name = page.spoken(f"{edits} .mark")
    assert role in ("img", "image")
    assert name.startswith("edit, 2026-01-01 00:00:00 UTC (+0s)")
    assert "quickstart.yaml: WazuhCluster wazuh created" in name


def test_print_holds_every_episode(page: Chromium) -> None:
    """What is folded on the screen is open on paper."""
    assert page.printed().startswith(b"%PDF")
    assert page.run("return document.querySelectorAll('details:not([open])').length") == 0


def _focused(page: Chromium) -> dict[str, Any]:
    """Lane and title of what has the focus."""
    focused: dict[str, Any] = page.run(
        """
        const one = document.activeElement;
        const lane = one.closest('.lane');
        return {lane: lane && lane.querySelector('.name').textContent,
                title: one.querySelector('title')?.textContent};
        """
    )
    return focused


def _luminance(page: Chromium, selector: str, colour: str) -> float:
    """Relative luminance (WCAG 2.2) of a computed colour."""
    text = page.run(f"return getComputedStyle(document.querySelector({selector!r}))[{colour!r}]")
    parts = [int(part) / 255 for part in text[text.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(left: float, right: float) -> float:
    high, low = max(left, right), min(left, right)
    return (high + 0.05) / (low + 0.05)
