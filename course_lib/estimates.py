"""What a training run will cost, worked out on paper: multiply-adds and bytes, from numbers off a table."""

from course_lib.validation import check_positive_int

BYTES_PER_NUMBER = 4  # float32


def conv_multiply_adds(in_channels: int, out_channels: int, kernel_size: int, height: int, width: int) -> int:
    """Multiplications (each with its addition) that one convolution needs for one image.

    Args:
        in_channels, out_channels: channels that go in and come out.
        kernel_size: height and width of the kernel.
        height, width: of what comes *out*: for stride 2, half of what goes in.
    Raises: ValueError for anything but whole numbers of at least 1.

    >>> conv_multiply_adds(3, 64, 3, 32, 32)  # the document's conv_in
    1769472
    """
    for name, value in [
        ("in_channels", in_channels),
        ("out_channels", out_channels),
        ("kernel_size", kernel_size),
        ("height", height),
        ("width", width),
    ]:
        check_positive_int(name, value)
    # one number of the output is a sum over the kernel's window in every channel of the input
    for_one_number = kernel_size * kernel_size * in_channels
    # the output has out_channels numbers for each of its pixels
    return for_one_number * out_channels * height * width


def attention_multiply_adds(channels: int, height: int, width: int) -> int:
    """Multiplications (each with its addition) that one attention block needs for one image, whatever its heads.

    Counted are its two 1x1 convolutions (C to 3C, and C to C) and its two matrix products (queries with keys, weights
    with values); not the norm, the softmax and the sum.

    Args:
        channels: C; height, width: of the feature map, N = height * width pixels.
    Raises: ValueError for anything but whole numbers of at least 1.
    Source: the document, section 5 and key insight 3.

    >>> attention_multiply_adds(256, 8, 8)
    18874368
    """
    for name, value in [("channels", channels), ("height", height), ("width", width)]:
        check_positive_int(name, value)
    pixels = height * width
    # the two 1x1 convolutions: to queries, keys and values, and the projection at the end
    convolutions = conv_multiply_adds(channels, 3 * channels, 1, height, width)
    convolutions += conv_multiply_adds(channels, channels, 1, height, width)
    # the two products: all heads together spend C multiplications on each pair of pixels, once for the scores and once
    # to gather the values
    products = 2 * pixels * pixels * channels
    return convolutions + products


def training_memory(parameters: int, kept_per_image: int, batch_size: int) -> int:
    """Bytes that training needs: what every parameter brings along, and what is kept of every image.

    In float32, with AdamW and a moving average of the weights. Workspaces of the kernels, the batch itself and the
    parts of a GPU's memory that nobody can use come on top.

    Args:
        parameters: number of parameters.
        kept_per_image: bytes kept between forward and backward for each image of the batch.
        batch_size: images a step, on one device.
    Raises: ValueError for negative numbers.

    >>> training_memory(1_000_000, 10_000_000, 8)
    100000000
    """
    for name, value in [("parameters", parameters), ("kept_per_image", kept_per_image), ("batch_size", batch_size)]:
        if value < 0:
            raise ValueError(f"{name} is {value!r}; allowed: 0 or more")
    # five numbers a parameter: the weight, its gradient, AdamW's two moments, the moving average
    for_parameters = 5 * BYTES_PER_NUMBER * parameters
    # the images of a batch are all in memory at once
    for_images = kept_per_image * batch_size
    return for_parameters + for_images
