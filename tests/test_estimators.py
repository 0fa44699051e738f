"""The estimators as scikit-learn's: its own checks, and the machinery around an estimator."""

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.cluster
from numpy.testing import assert_array_equal
from reference import blobs
from sklearn.base import clone, is_clusterer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import shuffle
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from clast import BisectingKMeans, GaussianMixture, KMeans, MiniBatchKMeans

X = blobs(211, 3, 4, seed=0)

every_class = pytest.mark.parametrize("Model", [KMeans, MiniBatchKMeans, BisectingKMeans])

# Asks that samples with weights, shuffled, start from the same random samples as repeated ones that were not. No
# estimator that draws as scikit-learn's can meet it, and theirs is listed there as failing. Ours meets it where nothing
# is drawn, and `test_default_weight_check_is_scikit_learns_answer` shows that what is drawn is theirs.
DRAWS = "check_sample_weight_equivalence_on_dense_data"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix for nan")
@parametrize_with_checks([KMeans(n_clusters=1)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix for nan")
@parametrize_with_checks(
    [MiniBatchKMeans(), MiniBatchKMeans(n_clusters=1), BisectingKMeans(), BisectingKMeans(n_clusters=1)],
    # As in scikit-learn: all that is fitted here follows from what is drawn.
    expected_failed_checks=lambda estimator: {DRAWS: "repeated samples are drawn otherwise than weighted ones"},
)
def test_scikit_learn_checks_of_the_others(estimator, check):
    check(estimator)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix for nan")
@parametrize_with_checks(
    [GaussianMixture(), GaussianMixture(covariance_type="diag"), GaussianMixture(2)],
    expected_failed_checks=lambda estimator: (
        {} if estimator.n_components == 1 else {DRAWS: "repeated samples are drawn otherwise than weighted ones"}
    ),
)
def test_scikit_learn_checks_of_mixtures(estimator, check):
    check(estimator)


def default_checks():
    return [
        pytest.param(estimator, check, id=check.func.__name__)
        for estimator, check in estimator_checks_generator(KMeans())
        if check.func.__name__ != DRAWS
    ]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix for nan")
@pytest.mark.parametrize(("estimator", "check"), default_checks())
def test_scikit_learn_checks_with_defaults(estimator, check):
    check(estimator)


def test_default_weight_check_is_scikit_learns_answer():
    rng = np.random.RandomState(42)
    samples = rng.rand(15, 30)
    weight = rng.randint(0, 5, size=15)
    cases = [(samples.repeat(weight, axis=0), None), shuffle(samples, weight, random_state=0)]
    for data, sample_weight in cases:
        ours = KMeans(random_state=0).fit(data, sample_weight=sample_weight)
        theirs = sklearn.cluster.KMeans(random_state=0).fit(data, sample_weight=sample_weight)
        assert_array_equal(ours.predict(samples), theirs.predict(samples))


@every_class
def test_parameters_are_scikit_learns(Model):
    theirs = getattr(sklearn.cluster, Model.__name__)
    assert Model().get_params() == theirs().get_params()
    assert repr(Model(n_clusters=3, tol=0.5)) == repr(theirs(n_clusters=3, tol=0.5))


@every_class
def test_attributes_are_scikit_learns(Model):
    def fitted(model):
        return {name for name in vars(model) if name.endswith("_") and not name.startswith("_")}

    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    ours = fitted(Model().fit(frame)) - {"fit_report_"}
    assert ours == fitted(getattr(sklearn.cluster, Model.__name__)().fit(frame))


@every_class
def test_public_methods_are_scikit_learns(Model):
    def public(model):
        return {name for name in dir(model) if not name.startswith("_")}

    assert public(Model()) == public(getattr(sklearn.cluster, Model.__name__)())


@every_class
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_pickle(Model, dtype):
    model = Model(4, random_state=0).fit(X.astype(dtype))
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    for copy in (pickle.loads(pickle.dumps(model)), joblib.load(file)):
        assert copy.cluster_centers_.dtype == dtype
        assert_array_equal(copy.predict(X), model.predict(X))
        assert_array_equal(copy.labels_, model.labels_)
        assert copy.get_params() == model.get_params()


def test_clone_takes_parameters_and_no_result():
    model = KMeans(4, init=X[:4], n_init=1, tol=0).fit(X)
    copy = clone(model)
    assert not hasattr(copy, "labels_")
    assert copy.tol == 0
    assert_array_equal(copy.fit(X).labels_, model.labels_)


@every_class
def test_fit_stores_nothing_in_parameters(Model):
    model = Model(4, random_state=3)
    before = dict(model.get_params())
    assert model.fit(X).get_params() == before


@every_class
def test_feature_names_out(Model):
    model = Model(3).fit(X)
    assert_array_equal(model.get_feature_names_out(), [f"{Model.__name__.lower()}{cluster}" for cluster in range(3)])


@every_class
def test_set_output_gives_a_data_frame(Model):
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=np.arange(len(X)) + 7)
    model = Model(3, random_state=0).set_output(transform="pandas")
    for distances in (model.fit_transform(frame), model.transform(frame)):
        assert list(distances.columns) == list(model.get_feature_names_out())
        assert_array_equal(distances.index, frame.index)
        assert_array_equal(distances.to_numpy(), model.set_output(transform="default").transform(frame))
        model.set_output(transform="pandas")


@every_class
def test_metadata_routing(Model):
    weight = np.random.default_rng(0).exponential(size=len(X))
    with sklearn.config_context(enable_metadata_routing=True):
        model = Model(4, random_state=0).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=True), model)
        pipeline.fit(X, sample_weight=weight)
        scaled = StandardScaler().fit(X, sample_weight=weight).transform(X)
        expected = Model(4, random_state=0).fit(scaled, sample_weight=weight)
        assert_array_equal(pipeline[-1].labels_, expected.labels_)
        assert pipeline.score(X, sample_weight=weight) == expected.score(scaled, sample_weight=weight)


def test_grid_search():
    search = GridSearchCV(make_pipeline(StandardScaler(), KMeans(random_state=0)), {"kmeans__n_clusters": [2, 3, 4]})
    search.fit(X)
    assert search.best_params_ == {"kmeans__n_clusters": 4}


@every_class
def test_tags(Model):
    tags = Model().__sklearn_tags__()
    assert is_clusterer(Model())
    assert not tags.input_tags.sparse
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]


def test_a_subclass_keeps_its_name_in_messages():
    class Mine(KMeans):
        pass

    with pytest.warns(RuntimeWarning, match="performing only one init in Mine instead of n_init=3"):
        Mine(2, init=X[:2], n_init=3).fit(X)
    assert_array_equal(Mine(2).fit(X).get_feature_names_out(), ["mine0", "mine1"])
