"""Where the tests find what is not code."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
REAL_DATA = ROOT.parent / "shared" / "data"  # measured data that may not be shipped
