"""Adapters that run other people's programs on the same corpus with the same options, where they are installed."""
