"""The parts of `tests.fakes.echo_server`."""
