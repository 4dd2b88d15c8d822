"""Which lens the data support: fits of every candidate, compared on views that were left out."""
