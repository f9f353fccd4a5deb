"""Pictures of what a model does: grids, loss curves, animations. matplotlib and Pillow load where they are used."""

from course_lib.pictures.animation import save_gif
from course_lib.pictures.grid import save_grid
from course_lib.pictures.loss_curve import save_loss_curve

__all__ = ["save_gif", "save_grid", "save_loss_curve"]
