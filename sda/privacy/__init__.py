"""Private analytics: what a developer asks for, in rounds whose noise comes from the clerks (PROTOCOL §9).

A *query* names metrics, a privacy loss and what the data may hold. It becomes one *plan* for a committee: the layout of
the vector, the scale of the noise, the terms of the round. Contributors encode their data point by it, clerks draw
their noise by it, the developer decodes the sum by it into results with error bars. A *ledger* counts what was
released.

Built on the round; nothing of the round knows of it.
"""
