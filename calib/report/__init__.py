"""Results as a person reads them: summaries, files, pictures."""
