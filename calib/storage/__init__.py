"""How results are kept: folders reserved and written whole, documents with arrays, provenance."""
