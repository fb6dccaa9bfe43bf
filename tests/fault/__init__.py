"""Faults on purpose: the program ends, or its system calls fail, at any chosen step, and what must hold afterwards.

    shim.c          a library that is loaded into the program; it counts the steps and strikes at one of them
    shim.py         the plan of a strike, and what it reports
    scene.py        situations that a run starts from, the same to the byte each time
    callio.py       the way from Callio to records and BigQuery: a situation, and its sweep
    sweeps.py       the same situation struck at many steps; kill -9 at random moments
"""
