"""Inputs that mean harm, the doors that an operator puts them through, and what must come of it.

playlists bombs headers halves polyglots metadata pictures documents archives names addresses
    |  generators: a few lines that make one input, never a file in the repository
    v
cases.py      Case: name, door, the code it must end in -> table.py: all of them
    |
    +-- doors.py -> test_corpus.py     through Django: forms, the command, stages
    +-- bench/hostile.py               the same and thousands of mutations, through the functions behind the doors

canary.py     a file and a listener that nobody may touch
meter.py      what every tool took of processor and memory
writers.py    boxes of MP4, elements of Matroska, chunks of RIFF and PNG; lies welcome
"""
