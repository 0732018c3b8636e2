"""Offline verification of evidence against trust given from outside. Pure."""
