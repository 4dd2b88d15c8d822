"""Numbers as scripts and tables write them: -pi/2, 0.5 * np.pi, 1e-3."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

LONGEST = 100  # characters
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def value_of(text: str) -> float | None:
    """The value of a number, or of pi with plain arithmetic; None for anything else."""
    text = text.strip().replace("π", "pi").replace("−", "-")
    if not text or len(text) > LONGEST:
        return None
    try:
        found = _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _value(node: ast.expr) -> float:
    """Raises ValueError for what is no plain arithmetic."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _value(node.operand)
        return -value if isinstance(node.op, ast.USub) else value
    if isinstance(node, ast.BinOp) and (combine := _BINARY.get(type(node.op))) is not None:
        return combine(_value(node.left), _value(node.right))
    if (isinstance(node, ast.Name) and node.id == "pi") or (isinstance(node, ast.Attribute) and node.attr == "pi"):
        return math.pi
    raise ValueError("not a number")
