"""Messages as text for other places: the formats in which the screen and `segtap copy` copy one."""
