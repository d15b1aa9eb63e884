"""Pictures: what a lesson calls to show an image, a label map, or both in a viewer."""

from helpers.show.bars import bars
from helpers.show.centers import grouping, offsets
from helpers.show.charts import curves, scatter
from helpers.show.colors import color_instances, color_numbers, color_panoptic, color_semantic, image_bytes
from helpers.show.detection import stages
from helpers.show.explorers import explore
from helpers.show.figures import (
    show_figure,
    show_image,
    show_instances,
    show_labels,
    show_panoptic,
    use_style,
)
from helpers.show.iou_explorer import iou_explorer
from helpers.show.matches import linked_matches
from helpers.show.matching import matching
from helpers.show.matrices import matrix
from helpers.show.painter import painter
from helpers.show.player import Cause, Grid, Picture, Player, Step, player
from helpers.show.probe import probe
from helpers.show.rows import row, show_row
from helpers.show.tables import table
from helpers.show.training import TrainingBar, learning_curve
from helpers.show.viewer import viewer

__all__ = [
    "Cause",
    "Grid",
    "Picture",
    "Player",
    "Step",
    "TrainingBar",
    "bars",
    "color_instances",
    "color_numbers",
    "color_panoptic",
    "color_semantic",
    "curves",
    "explore",
    "grouping",
    "image_bytes",
    "iou_explorer",
    "learning_curve",
    "linked_matches",
    "matching",
    "matrix",
    "offsets",
    "painter",
    "player",
    "probe",
    "row",
    "scatter",
    "show_figure",
    "show_image",
    "show_instances",
    "show_labels",
    "show_panoptic",
    "show_row",
    "stages",
    "table",
    "use_style",
    "viewer",
]
