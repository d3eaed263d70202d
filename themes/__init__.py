"""segtap.themes: one TOML file a theme."""
