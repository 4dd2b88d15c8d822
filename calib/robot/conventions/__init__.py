"""Units, orders, signs and arms that are not given: tried, and reported with their residuals."""
