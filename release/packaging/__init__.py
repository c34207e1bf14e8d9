"""What `release/build`, `release/smoke` and `release/check` are made of. Python's standard library alone."""
