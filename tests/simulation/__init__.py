"""A dialer in miniature: it lives through calls as VICIdial writes them, while the real program runs every minute, and
a judge compares what the API holds with what really happened.

    clock.py        a database whose clock the simulation sets
    statements.py   the statements with which VICIdial writes vicidial_log
    history.py      what really happened: every state that a row ever had
    dialer_life.py  the lives of calls, made of those statements, and the dialer that goes through them
    simulate.py     a day of the dialer, the program and its API with all their troubles; the command line
    judge.py        what is right and what is wrong of what the API was sent
"""
