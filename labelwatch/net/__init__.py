"""Outgoing connections: addresses, proxies and trusted certificates, the same for every client."""
