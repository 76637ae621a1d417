"""The table of pages is complete, and each of its pages works where scripts are switched off."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from chromium import Chromium
from furnished import Furnished, PageRow, Visitors
from latchkey_server import REPOSITORY
from pages import NO_ROW, PAGES

_ROUTES = REPOSITORY / "Sources" / "Server" / "Routes.swift"


def page_routes() -> set[str]:
    """What a browser can open, as `Routes.swift` writes it."""
    found, prefixes = set(), {"base": ""}
    for line in _ROUTES.read_text().splitlines():
        if named := re.search(r'let (\w+) = (?:deployment\.settings\.issuer\.path|base) \+ "([^"]+)"', line):
            prefixes[named[1]] = named[2]
        if route := re.search(r"\.get\((\w+)(?: \+ ([^,]+))?, \.page\b", line):
            found.add(prefixes[route[1]] + (route[2] or "").strip('"'))
    return found


def test_every_page_stands_in_the_table() -> None:
    """A page in no row would have no picture and no check of what everybody can use."""
    routes, rows = page_routes(), {row.route for row in PAGES if row.path}
    assert len(routes) > 15
    assert routes - rows - set(NO_ROW) == set(), "add a row to Tests/browser/pages.py"
    assert rows - routes == set() and set(NO_ROW) - routes == set(), "rows of pages that are gone"
    assert set(NO_ROW) & rows == set()
    names = [row.name for row in PAGES]
    assert len(set(names)) == len(names)


@pytest.fixture(scope="module")
def plain_visitors(furnished: Furnished) -> Iterator[Visitors]:
    """People whose browsers run no script."""
    visitors = Visitors(furnished, scripts=False)
    yield visitors
    visitors.close()


@pytest.mark.parametrize("row", [row for row in PAGES if not row.is_large], ids=lambda row: row.name)
def test_a_page_works_without_scripts(plain_visitors: Visitors, row: PageRow) -> None:
    """What is shown does something: buttons send forms, links lead somewhere, forms name where they go and prove where they are from."""
    page = plain_visitors.visit(row)
    assert _shown(page, "[data-scripted]") == [], "it takes scripts"
    assert _shown(page, "button[type=button], button[type=reset]") == [], "it takes scripts"
    assert _shown(page, "button:not(form *):not([form])") == [], "in no form"
    assert _all(page, "[onclick], [onchange], [onsubmit], [style], a[href='#'], a[href^='javascript:'], a:not([href])") == []
    assert _all(page, "main form:not([method]), main form:not([action])") == []
    if row.path:
        assert _all(page, "form[method=post]:not(:has([name=csrf]))") == []
    targets = [link.split("#")[1] for link in page.evaluate("[...document.querySelectorAll(\"a[href^='#']\")].map(a => a.hash)")]
    assert [each for each in targets if not page.all(f"[id='{each}']")] == []


def _all(page: Chromium, selector: str) -> list[str]:
    return page.evaluate(f"[...document.querySelectorAll({selector!r})].map(each => each.outerHTML.slice(0, 120))")


def _shown(page: Chromium, selector: str) -> list[str]:
    return page.evaluate(
        f"[...document.querySelectorAll({selector!r})].filter(each => each.checkVisibility()).map(each => each.outerHTML.slice(0, 120))")
