"""Which robot pose belongs to which image: by name, by order, or by time."""
