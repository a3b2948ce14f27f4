"""A polite HTTP client: what every source that asks a provider shares."""
