"""What one running engine consists of: `engine.Engine` binds it together, `process` runs it."""
