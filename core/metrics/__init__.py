"""Numbers for monitoring: what is counted and measured while an engine runs, and who gets that."""
