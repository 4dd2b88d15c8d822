"""Other methods on the same problems, from gradient descent to multi-start."""
