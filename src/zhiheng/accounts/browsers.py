"""What people call the browser that a request names in its own way."""

import re

# The first that is named counts: nearly every browser also claims to be Chrome, Safari and Mozilla.
BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Version": "Safari"}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iOS",
    "iPad": "iOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def name_of(user_agent: str) -> str:
    """Return "Chrome 128, Windows"; what is unknown is left as it came, up to its first blank."""
    found = (re.search(rf"{code}/(\d+)", user_agent) for code in BROWSERS)
    browser = next((f"{name} {hit[1]}" for name, hit in zip(BROWSERS.values(), found, strict=True) if hit), "")
    system = next((name for code, name in SYSTEMS.items() if code in user_agent), "")
    return ", ".join(filter(None, (browser, system))) or user_agent.partition(" ")[0]
