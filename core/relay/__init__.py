"""Routes that whole requests go along, as they were received: mirrors to Segment, and archives."""
