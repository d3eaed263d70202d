"""Numbers for monitoring: what is counted and measured while an engine runs, in Prometheus' text form."""
