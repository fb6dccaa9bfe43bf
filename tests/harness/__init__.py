"""What the integration tests and the demonstration need around the program: a dialer's database, an API, a host.

Nothing here outlives the process that made it, not even when that process is killed; the temporary directories do
in that case only.
"""
