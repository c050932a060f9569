"""Tests of what sets labelwatch up."""
