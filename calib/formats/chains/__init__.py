"""Arms as the chains and tables of other tools."""
