"""Decentralised learning: a model trained on data that never leaves its owners, one private sum per step.

Every step of a training is one round: the developer announces the model, invited contributors train it on their own
data, clip and round the difference to integers (`updates`), and send it as any vector is sent; the developer learns the
sum, takes the mean and lets a server optimiser move the model (`server`). Clerks and contributors are paid as in any
round, the hash of model and configuration stands in the round's terms.

Built on the round; nothing of the round knows of it.
"""
