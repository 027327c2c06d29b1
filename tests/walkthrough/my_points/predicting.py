"""What a prediction is called in a line, and how it is drawn."""

from mmlite.apis.inferencers import Inferencer, Prediction, register_inferencer
from mmlite.visualization import DRAWERS, Drawer


def draw_points(image, sample, look):
    image = image.copy()
    for name, colour in dict(gt_points=(0, 255, 0), pred_points=(255, 0, 0)).items():
        for x, y in sample.get(name, ()):
            image[int(y) % len(image), int(x) % image.shape[1]] = colour
    return image


DRAWERS['points'] = Drawer(('gt_points', 'pred_points'), draw_points)


class PointPrediction(Prediction):
    def text(self):
        return ' '.join(f'({x:.0f}, {y:.0f})' for x, y in self['pred_points'])


class PointInferencer(Inferencer):
    def prediction(self, sources, sample):
        return PointPrediction(sources, sample, self.classes)


register_inferencer('points', PointInferencer)
