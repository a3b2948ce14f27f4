"""Pure stages of the pipeline: sources, sessions, events, the event-study engine, gates.

Nothing in here opens a database or knows Prefect; see CONTRIBUTING.md for which module may import which.
"""
