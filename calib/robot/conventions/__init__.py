"""Units, orders, signs and arms that nobody named: tried, and named with their residuals."""
