"""Tests of the configuration: what a file may say, and what is said about one that is wrong."""
