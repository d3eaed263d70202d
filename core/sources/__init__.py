"""Sources: what a request of each kind of SDK means, what it holds, and how it is answered."""
