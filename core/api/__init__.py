"""The API between a running engine and who looks at it: models, server, client and feed."""
