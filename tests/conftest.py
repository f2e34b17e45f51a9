"""Shared by all tests."""

import signal

# A shell that starts the tests in the background makes them, and every process they start, deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
