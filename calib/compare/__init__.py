"""Two results of one kind beside each other: what differs, and by how much more than their uncertainties allow."""
