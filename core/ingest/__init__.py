"""From a request to messages: the endpoint, and the reading of what it kept."""
