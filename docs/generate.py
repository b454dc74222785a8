"""Write the pages that follow from the code; with --check, say which of them are out of date.

A page is one function that returns its text. Add yours to PAGES.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sections import diseases, expressions, front_page_items, frontpage, open_facts, profile, records, roles, settings

HERE = Path(__file__).parent
PAGES: dict[str, Callable[[], str]] = {
    "explanation/front-page-items.md": front_page_items.page,
    "explanation/open-facts.md": open_facts.page,
    "reference/expressions.md": expressions.page,
    "reference/frontpage.md": frontpage.page,
    "reference/profile.md": profile.page,
    "reference/records.md": records.page,
    "reference/roles.md": roles.page,
    "reference/settings.md": settings.page,
    "reference/diseases/README.md": diseases.index,
    **{f"reference/diseases/{name.lower()}.md": partial(diseases.page, name) for name in diseases.names()},
}
NOTE = "<!-- 本页由 docs/generate.py 从代码生成，请勿手改；`make docs` 重新生成。 -->\n\n"


def main(arguments: list[str]) -> int:
    """Write all pages, or check them; return the exit code."""
    texts = {HERE / name: NOTE + page() for name, page in PAGES.items()}
    stale = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            print(f"docs/{path.relative_to(HERE)} is out of date: run `make docs`.", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
        print(f"docs/{path.relative_to(HERE)} written.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
