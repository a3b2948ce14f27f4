"""What a reader sees of the marts: figures."""
