"""Record a real run of the demo as the picture of the README: `make recording` (needs Chromium and a CJK font)."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from zhiheng.commands import demo, shared

PICTURE = Path(__file__).parent / "images" / "demo.png"
COLUMNS, LINE, CHARACTER = 108, 19, 7
# In CJK fonts, lines of boxes and some signs are as wide as a Chinese character; the terminal counts them as half.
NARROW = "U+00B7, U+0370-03FF, U+2010-2027, U+2190-21FF, U+2260-2265, U+2500-259F"
PAGE = (
    "<meta charset='utf-8'><style>{stylesheet} "
    "@font-face {{ font-family: Narrow; src: local('DejaVu Sans Mono'); size-adjust: 83.05%; unicode-range: "
    + NARROW
    + " }} body {{ margin: 18px; background: {background}; color: {foreground} }} "
    "pre {{ font: 14px/19px Narrow, 'Noto Sans Mono CJK SC', monospace !important; margin: 0 }}</style>"
    "<pre><code style='font-family: inherit'>{code}</code></pre>"
)
BROWSER = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars"


def record() -> None:
    """Run the demo in a temporary folder and photograph what it printed."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("No Chromium found: it is only needed to renew the picture.")
    with tempfile.TemporaryDirectory() as folder, open("/dev/null", "w") as nowhere:  # noqa: PTH123
        shared.out = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        demo.in_terminal(out=Path(folder) / "demo-out")
        html = shared.out.export_html(theme=MONOKAI, code_format=PAGE).replace(f"{folder}/", "")
        page = Path(folder) / "demo.html"
        page.write_text(html, encoding="utf-8")
        size = f"--window-size={int(COLUMNS * CHARACTER) + 48},{(html.count(chr(10)) + 2) * LINE}"
        PICTURE.parent.mkdir(exist_ok=True)
        command = [
            browser,
            *BROWSER.split(),
            f"--user-data-dir={folder}/profile",
            size,
            f"--screenshot={PICTURE}",
            page.as_uri(),
        ]
        subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    record()
