"""Asks axe-core what is wrong with the page that a browser shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from chromium import Chromium

#: Everything that WCAG 2.2 AA asks for, and what axe-core's authors think wise besides.
_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}


@dataclass(frozen=True)
class Finding:
    """What breaks one rule."""

    rule: str
    #: `minor`, `moderate`, `serious` or `critical`.
    impact: str
    text: str
    elements: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.impact} {self.rule}: {self.text}: " + "; ".join(self.elements)


@cache
def _script() -> str:
    return (files("axe_selenium_python") / "node_modules" / "axe-core" / "axe.min.js").read_text()


def findings(browser: Chromium) -> list[Finding]:
    """What axe-core finds on the page, in the window as it is."""
    if not browser.evaluate("typeof axe === 'object'"):
        browser.evaluate(_script() + "; true")
    found = browser.evaluate(f"axe.run(document, {json.dumps(_OPTIONS)}).then(report => report.violations)")
    return [
        Finding(
            rule=each["id"], impact=each["impact"], text=each["help"],
            elements=tuple(f"{node['html'][:160]} ({_reason(node)})" for node in each["nodes"][:5]))
        for each in found
    ]


def _reason(node: dict) -> str:
    return ", ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])[:200]
