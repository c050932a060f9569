"""A simulated packer: what labelwatch is worth, beside the same staff without it and beside a plain poller."""
