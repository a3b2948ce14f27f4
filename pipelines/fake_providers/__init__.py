"""Local servers that speak like the providers of prices, over one invented market; for tests and demonstrations."""
