"""What test suites use of segtap: why an expectation failed, the pytest plugin, the helper for JavaScript."""
