"""Ids to vectors by stochastic gradient descent."""
