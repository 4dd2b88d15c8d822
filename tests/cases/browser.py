"""A page in a browser without a window: what it holds after its script ran and some clicks were made."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_WORDS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=5000 --dump-dom"
)
_BEFORE = "<script>window.faults = []; window.onerror = text => { faults.push(text); };</script>"
_AFTER = """<script>
const found = (() => { try { %s } catch (fault) { faults.push(String(fault)); return null; } })();
const out = document.createElement("pre");
out.id = "found";
const loaded = performance.getEntriesByType("resource").map(each => each.name);
out.textContent = JSON.stringify({found, faults, loaded});
document.body.append(out);
</script>"""


def browse(page: Path, script: str) -> dict[str, Any]:
    """What a script returns that runs in the page, the errors that came up, and what the page fetched.

    Skips the test on a machine without a browser, unless CALIB_NEEDS_BROWSER is set.
    """
    browser = next(filter(None, map(shutil.which, _NAMES)), None)
    if browser is None:
        assert "CALIB_NEEDS_BROWSER" not in os.environ, f"none of {', '.join(_NAMES)} is installed"
        pytest.skip("no Chromium on this machine")
    html = page.read_text("utf-8").replace("<body>", f"<body>{_BEFORE}")
    copy = page.with_name("browsed.html")
    copy.write_text(html.replace("</body>", _AFTER % script + "</body>"), "utf-8")
    words = [browser, *_WORDS.split(), f"--user-data-dir={page.parent / 'profile'}", copy.absolute().as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match is not None, done.stdout[-2000:]
    text = match[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return dict(json.loads(text))
