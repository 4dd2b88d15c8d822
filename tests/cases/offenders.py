"""What still offends against the laws of the house that the tests keep. These tables shrink; nothing is ever added."""

from __future__ import annotations

CLIMBING = set()
"""Arrows between folders of a room against the storeys in tools/storeys.py."""

CIRCLES = set()
"""Parts of a room that need each other."""

MATHS_IN_CLI = {}
"""Modules of the command line that import numpy, geometry or the engine."""

WORKFLOW_IN_CLI = set()
"""Modules of the command line that reach into a folder of camera, robot or cell."""

WORKING_TEXTS = set()
"""Texts that import what simulates or solves."""

LONG_FUNCTIONS = set()
"""Functions past the limit of lines."""

MANY_PARAMETERS = {}
"""Functions past the limit of parameters."""

CLASS_NAMES = {}
"""Class names with more than one meaning."""

PARTICIPLES = {}
"""Functions named by a participle."""

SHARED_GENERATORS = set()
"""Tests with a random generator at module level."""

ORDERED_TUPLES = set()
"""Tests that compare two tuples by <."""
