"""The solver: damping, scaling, acceleration, bounds, polish, checkpoint, and the loop that joins them."""
