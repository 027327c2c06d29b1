"""What the bare loops of the families minimise.

Each function takes a model of mmlite, of which it uses networks and parts, and returns
its loss as a function of the tensors of a batch: without data preprocessor, samples,
or dicts of losses. Images are uint8.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmlite.structures import Objects

Loss = Callable[..., Tensor]


def normalizer(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """Images of uint8 as the network takes them."""
    prepare = model.data_preprocessor
    mean, std, layout = prepare.mean, prepare.std, prepare.memory_format

    def normalized(images: Tensor) -> Tensor:
        wide = images.to(torch.float32, memory_format=layout, copy=True)
        return wide.sub_(mean).div_(std)

    return normalized


def _averaged(network: nn.Module) -> tuple[nn.Module, Callable[[float], None]]:
    """A copy, and what moves it towards the network."""
    average = copy.deepcopy(network).requires_grad_(False)
    ours, theirs = list(average.parameters()), list(network.parameters())

    @torch.no_grad()
    def move(share: float) -> None:
        torch._foreach_lerp_(ours, theirs, share)
        for mine, its in zip(average.buffers(), network.buffers(), strict=True):
            mine.copy_(its)

    return average, move


def moco(model: nn.Module) -> Loss:
    """Of two views: the key of the second among those of a queue."""
    normalized = normalizer(model)
    network = nn.Sequential(model.backbone, model.neck)
    average, move = _averaged(network)
    queue, temperature, place = model.queue.clone(), model.head.temperature, 0

    def loss(first: Tensor, second: Tensor) -> Tensor:
        nonlocal place
        query = F.normalize(network(normalized(first))[0], dim=1)
        with torch.no_grad():
            move(0.001)
            key = F.normalize(average(normalized(second))[0], dim=1)
        positive = (query * key).sum(dim=1, keepdim=True)
        logits = torch.cat((positive, query @ queue.to(query.dtype, copy=True)), dim=1)
        # Round the end, if the queue is no multiple of the batch.
        places = torch.arange(place, place + len(key), device=key.device)
        queue[:, places % queue.shape[1]] = key.t().to(queue.dtype)
        place = (place + len(key)) % queue.shape[1]
        labels = logits.new_zeros(len(logits), dtype=torch.long)
        return F.cross_entropy(logits / temperature, labels)

    return loss


def byol(model: nn.Module) -> Loss:
    """Of two views: each predicts what the average gives of the other."""
    normalized = normalizer(model)
    network = nn.Sequential(model.backbone, model.neck)
    average, move = _averaged(network)
    predictor = model.head.predictor

    def loss(*images: Tensor) -> Tensor:
        views = [normalized(each) for each in images]
        predicted = [predictor(network(view))[0] for view in views]
        with torch.no_grad():
            move(0.004 * (math.cos(0) + 1) / 2)
            targets = [average(view)[0] for view in views]
        one = F.cosine_similarity(predicted[0], targets[1], dim=1).mean()
        other = F.cosine_similarity(predicted[1], targets[0], dim=1).mean()
        return -2 * (one + other)

    return loss


def mae(model: nn.Module) -> Loss:
    """Of images: the pixels of hidden patches, each patch normalised."""
    normalized = normalizer(model)

    def loss(images: Tensor) -> Tensor:
        images = normalized(images)
        latent, hidden, restore = model.backbone(images)
        predicted = model.neck(latent, restore)
        return hidden_pixels(predicted, images, hidden, model.head.patch_size)

    return loss


def hidden_pixels(predicted: Tensor, images: Tensor, hidden: Tensor, of: int) -> Tensor:
    """The mean square error of normalised patches, where ``hidden`` is 1.

    Args:
        predicted: ``(B, L, of * of * C)``.
        images: ``(B, C, H, W)``.
        hidden: ``(B, L)``.
        of: Pixels of a side of a patch.
    """
    rows, columns = images.shape[2] // of, images.shape[3] // of
    patches = images.unflatten(3, (columns, of)).unflatten(2, (rows, of))
    target = patches.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)
    variance, mean = torch.var_mean(target, dim=-1, keepdim=True)
    target = (target - mean) / (variance + 1e-6).sqrt()
    each = (predicted.float() - target).square().mean(dim=-1)
    return (each * hidden).sum() / hidden.sum()


def arcface(model: nn.Module) -> Loss:
    """Of images and labels: the cross entropy of angles with a margin."""
    normalized = normalizer(model)

    def loss(images: Tensor, labels: Tensor) -> Tensor:
        features = model.image_encoder(normalized(images))
        return F.cross_entropy(model.head(features, labels), labels)

    return loss


def retinanet(model: nn.Module) -> Loss:
    """Of images, boxes and labels: the losses of all anchors."""
    normalized, head = normalizer(model), model.bbox_head

    def loss(images: Tensor, boxes: Tensor, labels: Tensor) -> Tensor:
        images = normalized(images)
        feats = list(model.feature_extractor.extract_features(images))
        anchors = head.anchors(feats, tuple(images.shape[-2:]))
        losses = head.loss(*head(feats), anchors, _objects(boxes, labels))
        return sum(losses.values())

    return loss


def faster_rcnn(model: nn.Module) -> Loss:
    """Of images, boxes and labels: the losses of anchors and of proposals."""
    normalized, extractor = normalizer(model), model.feature_extractor
    rpn, roi = model.rpn_head, model.roi_head

    def loss(images: Tensor, boxes: Tensor, labels: Tensor) -> Tensor:
        images, objects = normalized(images), _objects(boxes, labels)
        size = tuple(images.shape[-2:])
        feats = extractor.extract_proposal_features(images)
        logits, deltas = rpn(feats)
        anchors = rpn.anchors(feats, size)
        proposed = rpn.predict(logits, deltas, anchors, [size] * len(images))
        proposals, targets = roi.sample([found for found, _ in proposed], objects)
        crops = roi.roi_extractor(feats, proposals, size)
        second = roi(extractor.extract_box_classifier_features(crops))
        losses = rpn.loss(logits, deltas, anchors, objects)
        of_proposals = roi.loss(*second, proposals, targets)
        return sum(losses.values()) + sum(of_proposals.values())

    return loss


def _objects(boxes: Tensor, labels: Tensor) -> Sequence[Objects]:
    return [Objects(*each) for each in zip(boxes, labels, strict=True)]


def gaitbase(model: nn.Module) -> Loss:
    """Of silhouettes and labels: triplets and cross entropy of 16 parts."""
    triplet = model.losses.losses[0]

    def loss(sils: Tensor, labels: Tensor) -> Tensor:
        maps = model.Backbone(sils.float().div_(255)[:, None]).amax(dim=2)
        strips = maps.unflatten(2, (16, -1)).flatten(3)
        embed = model.FCs(strips.mean(dim=3) + strips.amax(dim=3))
        logits = model.BNNecks(embed)[1].float()
        wanted = labels[:, None].expand(-1, 16)
        loss = F.cross_entropy(16 * logits, wanted, label_smoothing=0.1)
        return loss + triplet(embed, labels)[0].mean()

    return loss


def psmnet(model: nn.Module) -> Loss:
    """Of two views and disparities: the errors of three estimates."""
    normalized = normalizer(model)

    def loss(left: Tensor, right: Tensor, disparity: Tensor) -> Tensor:
        known = (disparity > 0) & (disparity < model.max_disp)
        total = 0
        estimates = model.estimate(normalized(left), normalized(right))
        for weight, estimate in zip((0.5, 0.7, 1.0), estimates, strict=True):
            error = F.smooth_l1_loss(estimate, disparity, reduction='none')
            total = total + weight * (error * known).sum() / known.sum()
        return total

    return loss
