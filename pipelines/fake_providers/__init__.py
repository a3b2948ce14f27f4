"""Local servers that speak like the providers of prices and of news; for tests and demonstrations."""
