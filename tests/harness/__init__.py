"""The surroundings of the program in the integration tests and the demonstrations: a dialer's database, an API, a
host.

Every server ends with the process that started the server, even when that process is killed. Only then do the
temporary directories remain.
"""
