"""Ledgers in the formats of older versions of the program."""
import contextlib
import sqlite3

_FIRST_VERSION = """
    CREATE TABLE call (uniqueid TEXT PRIMARY KEY NOT NULL, state INTEGER NOT NULL, end_epoch INTEGER NOT NULL,
        fingerprint INTEGER, updated INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER, reason TEXT,
        payload TEXT) WITHOUT ROWID;
    CREATE INDEX call_open ON call (state, due) WHERE state <> 1;
    CREATE INDEX call_ended ON call (end_epoch);
    CREATE TABLE note (name TEXT PRIMARY KEY NOT NULL, number INTEGER, text TEXT) WITHOUT ROWID;
    CREATE TABLE run (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, started INTEGER NOT NULL, finished INTEGER,
        duration_ms INTEGER, found INTEGER, accepted INTEGER, repeated INTEGER, owed INTEGER, held INTEGER,
        rejected INTEGER, exit_code INTEGER, message TEXT);
    PRAGMA application_id = 1145656147;
    PRAGMA user_version = 1;
"""


def make_first_version(path, calls=(), runs=()):
    """calls: (uniqueid, state, end_epoch); runs: (kind, started, finished, duration_ms)."""
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        ledger.executescript(_FIRST_VERSION)
        ledger.executemany("INSERT INTO call (uniqueid, state, end_epoch, fingerprint, updated, due, reason) VALUES "
                           "(?1, ?2, ?3, CASE ?2 WHEN 1 THEN 5 END, ?3, ?3, CASE ?2 WHEN 4 THEN 'refused' END)", calls)
        ledger.executemany("INSERT INTO run VALUES (NULL, ?, ?, ?, ?, 4, 1, 0, 1, 1, 1, 0, NULL)", runs)
        ledger.commit()
