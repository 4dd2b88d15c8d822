"""Rotations and rigid transforms, batched over leading axes."""
