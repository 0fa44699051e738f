"""segment with a mixture: posteriors, entropy and margin on the image's grid, in memory and in files."""

import nibabel as nib
import numpy as np
import pytest
import scipy.stats
import sklearn.mixture
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import StandardScaler

import clast
from clast.image import GridMismatchError, Image, OutputError, save_map

RNG = np.random.default_rng(5)
# Three classes of different brightness, in two channels, a few blocks of rows long.
CLASSES = RNG.integers(0, 3, (420, 400))
PHOTO = np.stack([CLASSES * 60, 200 - CLASSES * 50], axis=-1) + RNG.normal(size=(420, 400, 2)) * 25
PHOTO = PHOTO.round().clip(0, 255).astype(np.uint8)
MASK = RNG.random(PHOTO.shape[:2]) > 0.3
MODEL = clast.GaussianMixture(3, random_state=123)


def theirs(samples, **parameters):
    return sklearn.mixture.GaussianMixture(3, random_state=123, **parameters).fit(samples.astype(np.float64))


@pytest.fixture(scope="module")
def masked():
    return clast.segment(PHOTO, MODEL, mask=MASK, channel_axis=-1, label_order="size")


class TestPosteriors:
    @pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
    @pytest.mark.parametrize("order", [None, "center", "size"])
    def test_are_those_of_scikit_learn_in_the_order_of_the_labels(self, mask, order):
        result = clast.segment(PHOTO, MODEL, mask=mask, channel_axis=-1, label_order=order)
        inside = np.ones(PHOTO.shape[:2], bool) if mask is None else mask
        samples = PHOTO[inside].astype(np.float64)
        expected = theirs(samples).predict_proba(samples)[:, result.clusters]
        posteriors = result.posteriors()
        assert posteriors.shape == (*PHOTO.shape[:2], 3)
        assert posteriors.dtype == np.float32
        assert_allclose(posteriors[inside], expected, atol=1e-6)
        assert not posteriors[~inside].any()
        assert_array_equal(result.posteriors(np.float64).argmax(axis=-1)[inside] + 1, result.labels[inside])

    @pytest.mark.parametrize("layout", ["channels first", "Fortran"])
    def test_of_other_layouts(self, layout):
        image = (
            np.moveaxis(np.moveaxis(PHOTO, -1, 0).copy(), 0, -1) if layout != "Fortran" else np.asfortranarray(PHOTO)
        )
        expected = clast.segment(PHOTO, MODEL, channel_axis=-1).posteriors()
        assert_allclose(clast.segment(image, MODEL, channel_axis=-1).posteriors(), expected, atol=1e-6)

    def test_of_scaled_channels(self):
        result = clast.segment(PHOTO, MODEL, mask=MASK, scale="standard", channel_axis=-1)
        samples = StandardScaler().fit_transform(PHOTO[MASK])
        assert_allclose(result.posteriors()[MASK], theirs(samples).predict_proba(samples), atol=1e-6)

    def test_of_other_models(self):
        model = sklearn.mixture.GaussianMixture(3, random_state=123)
        image = PHOTO.astype(np.float64)
        found = clast.segment(image, model, mask=MASK, channel_axis=-1).posteriors()
        assert_allclose(found[MASK], theirs(PHOTO[MASK]).predict_proba(image[MASK]), atol=1e-6)

    def test_dtypes(self, masked):
        exact = masked.posteriors(np.float64)
        assert exact.dtype == np.float64
        assert_allclose(exact[MASK].sum(axis=-1), 1, rtol=1e-12)
        as_bytes = masked.posteriors("uint8")
        assert as_bytes.dtype == np.uint8
        assert_array_equal(as_bytes, np.rint(255 * exact))
        with pytest.raises(TypeError, match="'dtype' is int16, but posteriors can be float32, float64 or uint8"):
            masked.posteriors(np.int16)

    def test_pixels_that_are_not_finite_have_none(self):
        image = PHOTO.astype(np.float32)
        image[7, 3, 1] = np.nan
        result = clast.segment(image, MODEL, channel_axis=-1)
        assert not result.posteriors()[7, 3].any()
        assert np.isnan(result.entropy()[7, 3])

    def test_every_component_has_a_class(self):
        # Nobody is nearest to the broad component in the middle.
        image = np.array([[0.0, 0.1, 0.2, 10.0, 10.1, 10.2]] * 4)
        model = clast.GaussianMixture(
            3, weights_init=[0.5, 0.5 - 1e-9, 1e-9], means_init=[[0.1], [10.1], [5.0]], precisions_init=[[[100.0]]] * 3,
            max_iter=0,
        )  # fmt: skip
        result = clast.segment(image, model, label_order="center")
        assert result.n_classes == 3
        assert result.posteriors().shape == (4, 6, 3)
        assert result.table()["count"].tolist() == [12, 12, 0]

    def test_need_a_model_that_has_them(self):
        result = clast.segment(PHOTO, clast.KMeans(2, random_state=0), channel_axis=-1)
        for method in (result.posteriors, result.entropy, result.margin):
            with pytest.raises(TypeError, match="KMeans gives no posterior probabilities; segment with a mixture"):
                method()


class TestUncertainty:
    def test_entropy_is_that_of_scipy(self, masked):
        expected = scipy.stats.entropy(masked.posteriors(np.float64)[MASK], base=2, axis=1)
        entropy = masked.entropy()
        assert entropy.dtype == np.float32
        assert_allclose(entropy[MASK], expected, atol=1e-6)
        assert np.isnan(entropy[~MASK]).all()

    def test_margin_is_the_lead_of_the_first(self, masked):
        ordered = np.sort(masked.posteriors(np.float64)[MASK], axis=1)
        margin = masked.margin()
        assert_allclose(margin[MASK], ordered[:, -1] - ordered[:, -2], atol=1e-6)
        assert np.isnan(margin[~MASK]).all()

    def test_of_one_component(self):
        result = clast.segment(PHOTO, clast.GaussianMixture(1), channel_axis=-1)
        assert_array_equal(result.entropy(), np.zeros(PHOTO.shape[:2]))
        assert_array_equal(result.margin(), np.ones(PHOTO.shape[:2]))


class TestFiles:
    @pytest.fixture
    def volume(self, tmp_path):
        """A NIfTI file with an oblique affine, and its segmentation."""
        affine = np.array([[0, -1.1, 0, 12], [1.2, 0, 0, -7], [0, 0, 5, 3], [0, 0, 0, 1.0]])
        values = RNG.normal(size=(6, 7, 8)) + np.repeat([0, 10, 20], [2, 2, 2])[:, None, None]
        nib.save(nib.Nifti1Image(values.astype(np.float32), affine), tmp_path / "t1.nii")
        return clast.segment(tmp_path / "t1.nii", MODEL, label_order="center")

    @pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
    def test_nifti_has_classes_on_the_fourth_axis(self, volume, tmp_path, suffix):
        posteriors = volume.posteriors()
        path = volume.save_map(tmp_path / f"posteriors{suffix}", posteriors)
        saved, source = nib.load(path), nib.load(tmp_path / "t1.nii")
        assert saved.get_data_dtype() == np.float32
        assert_array_equal(np.asarray(saved.dataobj), posteriors)
        assert_array_equal(saved.affine, source.affine)
        assert saved.header.get_zooms()[:3] == source.header.get_zooms()
        assert_array_equal(clast.read_image(path).data, posteriors)

    def test_nifti_of_one_number(self, volume, tmp_path):
        saved = nib.load(volume.save_map(tmp_path / "entropy.nii.gz", volume.entropy()))
        assert_array_equal(np.asarray(saved.dataobj), volume.entropy())
        assert_array_equal(saved.affine, volume.image.affine)

    def test_nifti_of_a_photo_has_space_on_three_axes(self, masked, tmp_path):
        saved = nib.load(masked.save_map(tmp_path / "posteriors.nii", masked.posteriors("uint8")))
        assert saved.shape == (400, 420, 1, 3)
        assert_array_equal(np.asarray(saved.dataobj)[:, :, 0], masked.posteriors("uint8").transpose(1, 0, 2))

    @pytest.mark.parametrize("name", ["map.tif", "map.ome.tif"])
    @pytest.mark.parametrize("dtype", ["float32", "uint8", "float64"])
    @pytest.mark.parametrize("shape", [(5, 6, 3), (4, 5, 6, 3), (4, 5, 6, 2)])
    def test_tiff_has_classes_as_channels(self, tmp_path, shape, dtype, name):
        values = (RNG.random(shape) * 255).astype(dtype)
        spatial = shape[:-1]
        image = Image(
            np.zeros(spatial), axes="ZYX"[-len(spatial) :], spacing=(2.0, 0.5, 0.25)[-len(spatial) :], unit="um"
        )
        path = save_map(tmp_path / name, values, image)
        with tifffile.TiffFile(path) as tif:
            assert tif.series[0].axes == "ZCYX"[-len(shape) :]
            assert tif.is_ome == (name == "map.ome.tif" or dtype == "float64")
        again = clast.read_image(path)
        assert_array_equal(again.data, values)
        assert again.data.dtype == dtype
        assert again.spacing == pytest.approx(image.spacing)
        assert again.unit == "um"

    def test_npy(self, masked, tmp_path):
        assert_array_equal(np.load(masked.save_map(tmp_path / "margin.npy", masked.margin())), masked.margin())

    def test_what_cannot_be_written(self, masked, tmp_path):
        entropy = masked.entropy()
        with pytest.raises(OutputError, match=r"unknown suffix '\.png'; use one of \.nii\.gz"):
            masked.save_map(tmp_path / "entropy.png", entropy)
        with pytest.raises(GridMismatchError, match=r"'values' has shape \(400, 420\), but the image has shape"):
            masked.save_map(tmp_path / "entropy.npy", entropy.T)
        masked.save_map(tmp_path / "entropy.npy", entropy)
        with pytest.raises(OutputError, match="exists"):
            masked.save_map(tmp_path / "entropy.npy", entropy)
        masked.save_map(tmp_path / "entropy.npy", entropy, force=True)
        assert {path.name for path in tmp_path.iterdir()} == {"entropy.npy"}


def test_weights_reach_the_model():
    weight = RNG.integers(0, 3, PHOTO.shape[:2])
    result = clast.segment(PHOTO, MODEL, sample_weight=weight, mask=MASK, channel_axis=-1)
    samples = PHOTO[MASK].repeat(weight[MASK], axis=0)
    assert_allclose(result.model.means_, theirs(samples).means_, rtol=1e-6)


def test_brain_mri_journey(data_dir, mri):
    files = [data_dir / "mri" / f"{name}.nii.gz" for name in ("t1", "t1_contrast", "flair", "adc")]
    result = clast.segment(files, MODEL, mask="nonzero")
    expected = theirs(mri)
    assert result.model.n_iter_ == expected.n_iter_
    assert (result.labels[result.mask] == expected.predict(mri) + 1).mean() > 0.9999
    assert_allclose(result.posteriors()[result.mask], expected.predict_proba(mri), atol=1e-3)
