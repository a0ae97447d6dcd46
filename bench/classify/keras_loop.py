"""Xception in Keras, told on each line of standard input how many photos at a time and for how many seconds; says how many
photos a second these were.

    python keras_loop.py FILE   # a .keras file, or an archive that holds one, as Edgeloop reads them
"""

import os
import sys
import tempfile
import time
import zipfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf


def read_model(file):
    """The model of the file, or the Xception in it, with average pooling."""
    with tempfile.TemporaryDirectory() as directory:
        if not file.endswith(".keras"):
            with zipfile.ZipFile(file) as archive:
                (name,) = [name for name in archive.namelist() if name.endswith(".keras")]
                file = archive.extract(name, directory)
        classifier = keras.models.load_model(file, compile=False)
    model = keras.applications.Xception(weights=None, include_top=False, pooling="avg")
    model.set_weights(classifier.get_layer("xception").get_weights())
    return model


def main(file):
    model = read_model(file)
    predict = tf.function(lambda photos: model(photos, training=False))
    print("ready", tf.__version__, flush=True)
    for line in sys.stdin:
        batch, seconds = int(line.split()[0]), float(line.split()[1])
        photos = tf.constant(np.random.default_rng(7).uniform(-1, 1, (batch, 299, 299, 3)).astype(np.float32))
        predict(photos).numpy()
        began = time.perf_counter()
        done = 0
        while time.perf_counter() - began < seconds:
            predict(photos).numpy()
            done += batch
        print(done / (time.perf_counter() - began), flush=True)


main(sys.argv[1])
