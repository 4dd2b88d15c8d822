"""The time limit of detection: its default, for Python and the command line alike."""

from __future__ import annotations

TIMEOUT_S = 30.0  # for one image: one in which every detector fails takes 3 s at 12 MP
