"""Takes the pictures of every page that the documentation shows: `python Tests/browser/screenshots.py [FOLDER [NAME…]]`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

from chromium import SHARED_DOCUMENT, Chromium  # noqa: E402
from furnished import Furnished, PageRow, Visitors  # noqa: E402
from latchkey_server import REPOSITORY, LatchkeyServer  # noqa: E402
from pages import PAGES, VIEWS  # noqa: E402

LOWEST, HIGHEST = 640, 1200
COLORS = 20


@contextmanager
def _running(*options: str) -> Iterator[Visitors]:
    server = LatchkeyServer(*options)
    try:
        visitors = Visitors(Furnished(server.start()))
        try:
            yield visitors
        finally:
            visitors.close()
    finally:
        server.dispose()
        server.remove_files()


def _take(browser: Chromium, folder: Path, name: str) -> None:
    """One page in every window, as high as the page is, within reason."""
    browser.hide_scrollbars()
    for view in VIEWS:
        view.apply(browser)
        browser.look(view.width, min(HIGHEST, max(LOWEST, browser.page_height())), dark=view.is_dark)
        file = folder / f"{name}-{view.name}.png"
        browser.picture(file)
        _shrink(file)
        print(file)


def _shrink(file: Path) -> None:
    """A page has few colours; a palette makes its picture a third as large, where the tool is there."""
    if tool := shutil.which("pngquant"):
        subprocess.run([tool, "--force", "--strip", "--nofs", "--speed", "1", "--output", str(file), str(COLORS), str(file)], check=True)


def _take_all(rows: Iterable[PageRow], folder: Path, *options: str) -> None:
    with _running(*options) as visitors:
        for row in rows:
            _take(visitors.visit(row), folder, row.name)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "docs" / "screenshots"
    rows = [row for row in PAGES if row.name in sys.argv[2:] or not sys.argv[2:]]
    large = [row for row in rows if row.is_large]
    _take_all([row for row in rows if not row.is_large], folder)
    if large and SHARED_DOCUMENT.exists():
        _take_all(large, folder, "--catalogue", str(SHARED_DOCUMENT))
    elif large:
        print(f"{SHARED_DOCUMENT} is not on this machine: no picture of the long list", file=sys.stderr)


if __name__ == "__main__":
    main()
