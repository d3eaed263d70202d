"""Takes what must not be stored out of requests before they are written to the disk."""
