"""The HTTP endpoint: sockets, bodies, CORS, and the answers to the requests of every source."""
