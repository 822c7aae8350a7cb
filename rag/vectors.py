"""The types of embeddings and of scores."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""float32 [n, dim], each row of L2 norm 1, so that an inner product is a cosine."""

Scores = NDArray[np.float32]
"""float32 [n], one for each of n rows."""
