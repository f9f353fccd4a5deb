"""What a text refers to, and its address: a lesson, a section, an exercise, a page of the document, a paper.

    address("section 3.6")     "03_residual_block.ipynb#cell-id=section-3-6"
    references(text)           every place of a text that names such a thing, with its address

Addresses are relative to the folder of the notebooks, as a link in one of them has to be. They name a cell and not a
heading: JupyterLab finds a heading only in a notebook that is open already, and a cell in any.
"""

from course_lib.links.addresses import address, cell_id
from course_lib.links.references import Reference, references

__all__ = ["Reference", "address", "cell_id", "references"]
