"""The type of embeddings."""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""float32 [n, dim], each row of L2 norm 1, so that an inner product is a cosine."""
