"""The table of joint values and of what was measured there: read, written, divided."""
