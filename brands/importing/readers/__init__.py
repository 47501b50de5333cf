"""One reader for each format that a brand may come in."""
