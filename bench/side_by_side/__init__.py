"""Ours beside four other ways to add up private vectors, on the same machine and the same vectors.

One file per system, each with a tuple `SYSTEMS` of what is compared; behind one interface, `System.run(vectors)`.
`make side-by-side` sets up what the others need and runs `python -m bench side-by-side`.
"""
