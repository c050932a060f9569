"""How people are told: words, messages, channels, the outbox."""
