"""The self-test of the module: what a user does in panel and views, and what has to come of it."""
