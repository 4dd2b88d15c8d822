"""The current point of a method: values, their normal equations, the scale of its steps, and the bounds in its way."""
