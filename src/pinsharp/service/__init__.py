"""Restoring and measuring over HTTP: requests within limits, long jobs that survive a restart."""
