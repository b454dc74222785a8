#!/bin/sh
# Install what the tests in a browser need: Chromium and a Chinese font. Nothing to do where both are there.
set -eu

has_browser() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
has_font() { command -v fc-list && fc-list :lang=zh-cn | grep -q .; }

if has_browser >/dev/null 2>&1 && has_font >/dev/null 2>&1; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" -ne 0 ]; then
    echo "The tests in a browser need Chromium and a Chinese font, and will be skipped without them."
    echo "On Debian or Ubuntu: sudo apt-get install chromium fonts-noto-cjk fontconfig"
    exit 0
fi
echo "Installing Chromium and a Chinese font for the tests in a browser ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
has_browser >/dev/null 2>&1 || apt-get install -y -qq --no-install-recommends chromium
has_font >/dev/null 2>&1 || apt-get install -y -qq --no-install-recommends fontconfig fonts-noto-cjk
