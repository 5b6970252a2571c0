"""What convolutions read; how they are computed is in `rewrites.legalize_convolution` and `linalg.convolution`."""

from __future__ import annotations

from .... import forms
from ....graph import Op
from ....lowering import Access, Along, Read, Role, declare
from ....rewrite import shape_of


def _images(node: Op) -> tuple[Access, ...]:
    """Of each image its own, and the whole kernel."""
    x, kernel = (len(shape_of(v)) for v in node.operands)
    return Access((Along(0), *[Read.SOMEWHERE] * (x - 1))), Access((Read.SOMEWHERE,) * kernel)


def _everything(node: Op) -> tuple[Access, ...]:
    return tuple([Access((Read.SOMEWHERE,) * len(shape_of(v))) for v in node.operands])


declare("conv", role=Role.PRODUCT, access=_images, form=forms.convolution, cost=1)
declare("conv_transpose", role=Role.PRODUCT, access=_images, form=forms.transposed_convolution, cost=1)
declare("conv_kernel", role=Role.PRODUCT, access=_everything, form=forms.kernel, cost=1)
