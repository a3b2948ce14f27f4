"""The only code that opens DuckDB: connections, raw store, models, checks, publication, ad hoc queries."""
