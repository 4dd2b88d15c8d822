"""Where a method stands: values, their normal equations, the scale of its steps, and the bounds in its way."""
