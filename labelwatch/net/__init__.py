"""How this machine reaches others: addresses, proxies and trusted certificates, the same for every way out."""
