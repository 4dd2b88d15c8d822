"""What columns of numbers mean: by their names, their number, the values in them, or every way that is open."""
