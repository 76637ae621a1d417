"""The checks of every page find what they are there for."""

from __future__ import annotations

from urllib.parse import quote

import axe
from chromium import Chromium
from test_accessibility import without_visible_focus


def show(browser: Chromium, body: str, style: str = "") -> None:
    text = f"<!doctype html><html lang=en><title>A page</title><style>{style}</style><body><main><h1>A page</h1>{body}</main>"
    browser.open("data:text/html," + quote(text))


def rules(browser: Chromium) -> set[str]:
    return {finding.rule for finding in axe.findings(browser)}


def test_axe_finds_what_is_wrong_and_nothing_else(browser: Chromium) -> None:
    show(browser, "<p>Some text</p>")
    assert rules(browser) == set()
    show(browser, "<p style='color:#bbb'>Pale</p><input type=text><button style='width:10px;height:10px;padding:0'>a</button>"
         "<button style='width:10px;height:10px;padding:0'>b</button>")
    assert rules(browser) == {"color-contrast", "label", "target-size"}


def test_a_focus_that_cannot_be_seen_is_found(browser: Chromium) -> None:
    show(browser, "<a href='/x'>A link</a><button>A button</button>", ":focus{outline:3px solid}a:focus{outline:none}")
    found = without_visible_focus(browser)
    assert len(found) == 1 and "A link" in found[0]
