"""An independent, slow implementation of the formats in plain integers: it shares no code with `sda`.

Written from PROTOCOL.md, docs/FORMATS.md, FIPS 180-4, FIPS 202 and the definition of BLS12-381, to be
compared with the engine. Not in constant time, not fast, and for tests only.
"""
