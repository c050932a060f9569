"""Storms: the service as a real process, its shops and every service it tells people through on 127.0.0.1."""
