"""A simulated dialer writes calls as VICIdial does, while the real program runs every minute. A judge then compares the
API's calls with the true history.

    clock.py        a database with a clock that the simulation sets
    statements.py   the statements with which VICIdial writes vicidial_log
    history.py      the true history: every state that a row ever had
    dialer_life.py  the lives of calls, made of those statements, and the dialer that plays them
    simulate.py     a day of the dialer, the program and its API with all their troubles; the command line
    troubles.py     what fails around the program, and the properties of a dialer
    judge.py        decides which of the sent calls are right
    inbound_statements.py, inbound_life.py   the same for calls to DIDs, in vicidial_closer_log
    promptness.py   how soon the program offered each call to the API
"""
