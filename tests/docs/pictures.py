"""Takes the pictures of the documentation: `make pictures`.

A board and a message of a real `labelwatch demo`, in each language, photographed by Chromium. It needs Chromium, and
fonts that have Chinese and emoji (Debian: fonts-noto-cjk, fonts-noto-color-emoji).
"""

import base64
import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from labelwatch.messages.catalog import catalog
from tests.docs.pages import READMES, ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECONDS = 150
SHOWN = "71000102-0002-1"
"""The posting whose first message is photographed: a declined registration, which has all parts of a message."""
PARTS = 5
"""The reason, the steps, the link, the products, the evidence; the letters behind them would make it too long."""
SINCE = "11:30"
"""When the board is photographed, by the clock of the demo: there is something of everything."""
HIGHEST = 700
"""How much of the board is photographed at most, in pixels: whole cards only."""
QUALITY = 0.8
LOCALES = {"en": "en", "zh": "zh-CN", "ru": "ru"}

_MESSAGE = re.compile(r"^(\d\d:\d\d)  (.+)\n((?:(?: {7}.*)?\n)*?)(?=\d\d:\d\d  |\S|\Z)", re.MULTILINE)
_STYLE = """
body { margin: 0; padding: 20px; width: 600px; background: #d5e3d0; font: 15px/1.4 sans-serif; color: #111 }
.bubble { background: #fff; border-radius: 14px 14px 14px 4px; padding: 12px 16px 8px; box-shadow: 0 1px 2px #0003 }
p { margin: 0 0 10px; white-space: pre-wrap; overflow-wrap: anywhere }
.link { color: #2277bb } .at { text-align: right; color: #777; font-size: 12px; margin: 0 }
.buttons { display: grid; grid-template-columns: 1fr 1fr; gap: 5px; margin-top: 5px }
.buttons span { background: #5f7a58cc; color: #fff; border-radius: 9px; text-align: center; padding: 9px }
"""


def take(language: str, browser: "Browser") -> None:
    """Both pictures of a language."""
    folder = ROOT / "deploy" / "guide" / language
    printed = ""
    with _demo(language) as lines, _page(browser, 960, language) as page:
        for line in lines:
            printed += line
            if found := re.search(r"http://127\.0\.0\.1\S+", line):
                page.goto(found[0])
            if line[:5] >= SINCE and re.match(r"\d\d:\d\d  ", line):
                break
        page.reload()
        cards = page.locator(".cards > li").evaluate_all("all => all.map(one => one.getBoundingClientRect().bottom)")
        height = max(bottom for bottom in cards if bottom < HIGHEST) + 12
        board = page.screenshot(clip={"x": 0, "y": 0, "width": 960, "height": height})
        _save(board, folder / "board.webp", page)
    with _page(browser, 640, language) as page:
        page.set_content(_chat(printed, language))
        _save(page.locator("body").screenshot(), folder / "message.webp", page)


@contextmanager
def _demo(language: str) -> Iterator[Iterator[str]]:
    """A demo that plays; what it prints, line by line."""
    command = [sys.executable, "-m", "labelwatch", "demo", "--seconds", str(SECONDS), "--language", language]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=os.environ) as process:
        assert process.stdout
        yield process.stdout
        process.terminate()


@contextmanager
def _page(browser: "Browser", width: int, language: str) -> "Iterator[Page]":
    context = browser.new_context(viewport={"width": width, "height": HIGHEST}, locale=LOCALES[language])
    yield context.new_page()
    context.close()


def _chat(printed: str, language: str) -> str:
    """The message in the form of a chat, with the buttons that it has in Telegram."""
    at, title, body = next(found.groups() for found in _MESSAGE.finditer(printed) if SHOWN in found[2])
    parts = [part.strip() for part in re.sub(r"^ {7}", "", body, flags=re.MULTILINE).split("\n\n")]
    shown = [*parts[:PARTS], "…"] if len(parts) > PARTS else parts
    paragraphs = [f"<p><b>{html.escape(title)}</b></p>", *map(_paragraph, filter(None, shown))]
    names = catalog(language).button
    buttons = "".join(f"<span>{html.escape(names[verb])}</span>" for verb in ("ack", "snooze", "check", "details"))
    bubble = f'<div class="bubble">{"".join(paragraphs)}<p class="at">{at}</p></div>'
    return (
        f'<!doctype html><style>{_STYLE}</style><body lang="{language}">{bubble}<div class="buttons">{buttons}</div>'
    )


def _paragraph(text: str) -> str:
    kind = ' class="link"' if text.startswith("https://") else ""
    return f"<p{kind}>{html.escape(text)}</p>"


def _save(png: bytes, file: Path, page: "Page") -> None:
    """As WebP, which Chromium writes itself: a tenth of the size, and no library for it."""
    script = """async ([png, quality]) => {
        const image = new Image();
        image.src = "data:image/png;base64," + png;
        await image.decode();
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.width, image.height];
        canvas.getContext("2d").drawImage(image, 0, 0);
        return canvas.toDataURL("image/webp", quality).split(",")[1];
    }"""
    page.goto("about:blank")
    encoded = page.evaluate(script, [base64.b64encode(png).decode(), QUALITY])
    file.write_bytes(base64.b64decode(encoded))
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size} bytes")


def main() -> None:
    """All pictures."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for language in READMES:
            take(language, browser)
        browser.close()


if __name__ == "__main__":
    main()
