"""Take the screenshots of this folder from a running local stack: `python docs/images/take.py URL USER PASSWORD`.

Needs Playwright for Python (`pip install playwright`) and a Chromium on PATH; `make status` shows the three arguments.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


def log_in(page: Page, url: str, user: str, password: str) -> None:
    page.goto(url)
    page.fill("#username", user)
    page.fill("#password", password)
    page.press("#password", "Enter")
    page.wait_for_load_state("networkidle")


def main(url: str, user: str, password: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 860})
        log_in(page, url, user, password)
        for name, path, sign in [
            ("home", "/", "Health"),
            ("dags", "/dags", "taskflow_report"),
            ("run", "/dags/dynamic_mapping/runs", "Dag Run"),
        ]:
            page.goto(url + path)
            page.get_by_text(sign).first.wait_for(timeout=30_000)
            page.wait_for_timeout(2_000)
            page.screenshot(path=FOLDER / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
