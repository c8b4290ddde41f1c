"""The demonstration's data, and how fast it is learned."""

from __future__ import annotations

import numpy as np
import pytest

from sda.demo.intents import Corpus, features_of, load_corpus, simulate_people, together
from sda.demo.learning import WIDTH, configuration
from sda.learning.device import perplexity
from sda.learning.models import evaluate
from sda.learning.plain import train_in_the_clear


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """As the demonstration loads it."""
    return load_corpus(1)


def test_corpus__those_who_train_and_the_others__share_no_sentence(corpus: Corpus) -> None:
    training = [text for texts in corpus.training for text in texts]
    others = [text for texts in corpus.others for text in texts]
    assert len(set(training)) == len(training), "no sentence belongs to two intents"
    assert not set(training) & set(others)
    assert len(corpus.intents) == len(corpus.training) == len(corpus.others) >= 30
    assert not [text for text in training + others if "{" in text]


def test_features__are_of_unit_length_and_take_all_numbers_for_one() -> None:
    assert np.linalg.norm(features_of("turn on the lamp", 64)) == pytest.approx(1)
    assert np.array_equal(features_of("set it to 20", 64), features_of("set it to 35", 64))


def test_people__have_unequal_shares(corpus: Corpus) -> None:
    """With Dirichlet 0.3, most of what somebody says belongs to few of the intents."""
    people = simulate_people(corpus.training, 50, 16, 2)
    kinds = [len(set(labels.tolist())) / len(corpus.intents) for _, labels in people]
    assert np.mean(kinds) < 0.5


def test_intents__in_the_clear__reach_nine_of_ten_within_25_rounds(corpus: Corpus) -> None:
    settings = configuration(len(corpus.intents))
    people = dict(enumerate(simulate_people(corpus.training, 200, WIDTH, 2)))
    strangers = together(simulate_people(corpus.others, 60, WIDTH, 4))
    generator, model = np.random.default_rng(5), settings.model.make()
    cohorts = ((bytes([step]) * 32, generator.choice(200, 50, replace=False).tolist()) for step in range(25))
    for vector in train_in_the_clear(settings, people, cohorts):
        model.vector = vector
        if evaluate(model, *strangers).accuracy >= 0.9:
            return
    raise AssertionError("not reached")


def test_labels_at_random__are_noticed_on_the_device__and_nobody_elses(corpus: Corpus) -> None:
    """One in ten has them and takes part at first; after eight rounds the model's perplexity tells them all apart."""
    settings, count = configuration(len(corpus.intents)), 200
    people = simulate_people(corpus.training, count, WIDTH, 2)
    generator, model = np.random.default_rng(6), settings.model.make()
    spoilt = set(range(0, count, 10))
    for number in spoilt:
        features, labels = people[number]
        people[number] = (features, generator.integers(0, len(corpus.intents), len(labels)))
    cohorts = [(bytes([step]) * 32, generator.choice(count, 50, replace=False).tolist()) for step in range(8)]
    limit = settings.update.perplexity * len(corpus.intents)
    for vector in train_in_the_clear(settings, dict(enumerate(people)), cohorts):
        model.vector = vector
        out = {number for number, data in enumerate(people) if perplexity(model, *data) > limit}
        assert out <= spoilt
    assert out == spoilt
