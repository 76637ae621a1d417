"""Every page, in light and dark, wide and narrow: what a machine can check of WCAG 2.2 AA."""

from __future__ import annotations

import json
from collections.abc import Iterator

import axe
import pytest
from chromium import Chromium
from furnished import Furnished, PageRow, Visitors
from latchkey_server import LatchkeyServer
from pages import PAGES, VIEWS
from selenium.webdriver.common.keys import Keys

_NARROWEST = 320


@pytest.fixture(scope="module")
def large_visitors(large: LatchkeyServer) -> Iterator[Visitors]:
    visitors = Visitors(Furnished(large))
    yield visitors
    visitors.close()


@pytest.fixture(params=PAGES, ids=lambda row: row.name)
def page(request: pytest.FixtureRequest) -> Chromium:
    """A browser at one page of the table."""
    row: PageRow = request.param
    visitors: Visitors = request.getfixturevalue("large_visitors" if row.is_large else "visitors")
    return visitors.visit(row)


def test_a_page_is_accessible(page: Chromium) -> None:
    """No finding of axe-core, target size (2.5.8) included; no scrolling in two directions (1.4.10); visible focus (2.4.7)."""
    problems = []
    for view in VIEWS:
        view.apply(page)
        if view.is_narrow:
            # What is folded away is looked at too.
            page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        problems += [f"{view.name}: {finding}" for finding in axe.findings(page)]
        if page.overflow() > 0:
            problems.append(f"{view.name}: {page.overflow()} pixels wider than the window: {_widest(page)}")
        is_dark = sum(_shade(page)) < 150
        if is_dark != view.is_dark:
            problems.append(f"{view.name}: the ground is {_shade(page)}")
    page.look(_NARROWEST, 640)
    if page.overflow() > 0:
        problems.append(f"{page.overflow()} pixels wider than {_NARROWEST}: {_widest(page)}")
    problems += [f"the focus cannot be seen on {element}" for element in without_visible_focus(page)]
    assert problems == [], "\n".join(problems)


def _shade(page: Chromium) -> list[int]:
    color = page.one("body").value_of_css_property("background-color")
    return [int(part) for part in color.strip("rgba()").split(",")[:3]]


def _widest(page: Chromium) -> str:
    return page.evaluate("""[...document.querySelectorAll("body *")]
        .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
        .map(each => each.outerHTML.slice(0, 100)).slice(0, 3).join("; ")""")


def without_visible_focus(page: Chromium) -> list[str]:
    """Elements that the keyboard reaches and that then look as before."""
    page.keys(Keys.TAB)
    return json.loads(page.evaluate("""(() => {
        const found = [];
        for (const each of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
            if (each.disabled || each.matches(":disabled") || !each.checkVisibility({visibilityProperty: true})) continue;
            each.focus();
            const ringed = [null, "::before", "::after"].map(part => getComputedStyle(each, part))
                .some(style => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
            if (document.activeElement !== each || !ringed) found.push(each.outerHTML.slice(0, 120));
        }
        return JSON.stringify(found);
    })()"""))
