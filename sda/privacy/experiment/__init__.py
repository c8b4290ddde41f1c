"""How few contributors give the same error: noise from the clerks against local differential privacy, at equal ε."""
