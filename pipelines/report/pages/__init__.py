"""Pages of the report: frames of the marts in, what a template shows out."""
