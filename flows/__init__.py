"""The edge: the Prefect flows, the stages they call in order, and the command line."""
