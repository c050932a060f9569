"""What axe-core finds wrong with a page in a browser."""

from typing import TYPE_CHECKING

from axe_playwright_python.base import AXE_SCRIPT

if TYPE_CHECKING:
    from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
COLOURS = ["color-contrast"]
"""The only rule that depends on the theme."""

# Only what is wrong is handed over: what is right is a hundred times as much.
_RUN = """rules => axe.run({runOnly: rules, resultTypes: ["violations"]}).then(found => found.violations.flatMap(
    one => one.nodes.map(node => `${one.id}: ${one.help} (${node.html.slice(0, 200)})`)))"""


def violations(page: "Page", rules: list[str] = RULES) -> list[str]:
    """What is wrong, and where; empty if nothing is."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, rules)
    return found
