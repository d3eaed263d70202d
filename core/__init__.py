"""segtap's library: everything that is not a screen."""
