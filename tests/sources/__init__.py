"""Tests of the way in: what a marketplace answers, and every way in which it fails to."""
