"""What runs in the other processes; spawned ones cannot import a test module."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmlite.engine import MMDistributedDataParallel
from mmlite.engine.environment import allow_tf32
from mmlite.engine.wrappers import share_buffers
from mmlite.errors import DataError
from mmlite.evaluation import Accuracy, CrossViewRank, SampleMetric
from mmlite.models.losses import SupConLoss, TripletLoss, gather_and_scale_wrapper
from mmlite.ops import gather
from mmlite.registry import MODELS
from mmlite.structures import DataSample


def meet(rank: int, folder: Path, device: str = 'cpu') -> None:
    """Join the other process, which may share the GPU with this one.

    Args:
        rank: The number of this process.
        folder: Where both meet.
        device: What they compute on. Where there are two GPUs they talk over nccl.
    """
    backend = 'gloo'
    if device == 'cuda':
        count = torch.cuda.device_count()
        torch.cuda.set_device(rank % count)
        allow_tf32(False)
        backend = 'nccl' if count > 1 else 'gloo'
    torch.distributed.init_process_group(
        backend, init_method=f'file://{folder}/meeting', rank=rank, world_size=2
    )


def leave() -> None:
    """Part, when neither still waits for the other."""
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def share_part(rank: int, folder: Path) -> None:
    """One of two processes whose models have seen different batches."""
    meet(rank, folder)
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    model(torch.full((4, 3), float(rank)))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    share_buffers(model)
    torch.save([before, model.state_dict()], folder / f'{rank}.pth')
    leave()


def evaluate_part(
    rank: int, folder: Path, data: list[DataSample], device: str = 'cpu'
) -> None:
    """One of two processes that share an odd number of samples."""
    meet(rank, folder, device)
    metric = Accuracy(topk=(1, 3))
    metric.process(None, [d.to(device) for d in (data + data[:1])[rank::2]])
    torch.save(metric.evaluate(len(data)), folder / f'{rank}.pth')
    leave()


class PairLoss(nn.Module):
    """A loss of pairs with a parameter of its own, the gathered and the plain one."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def plain(self, embeddings: torch.Tensor, labels: torch.Tensor) -> tuple:
        """Scaled distances of all pairs of one label."""
        distances = (embeddings[:, None] - embeddings[None]).square().sum(dim=2)
        same = labels[:, None] == labels[None]
        return self.scale * distances[same].mean(), {'pairs': same.sum()}

    forward = gather_and_scale_wrapper(plain)


def learn_pairs(rank: int, folder: Path, parts: list, names: bool) -> None:
    """One of two processes that compute a loss over the pairs of both."""
    meet(rank, folder)
    torch.manual_seed(0)
    model = nn.ModuleList([nn.Linear(3, 2), PairLoss()])

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = model

        def forward(self, x: torch.Tensor, labels: torch.Tensor) -> tuple:
            embeddings = self.parts[0](x)
            if names:
                return self.parts[1](embeddings=embeddings, labels=labels)
            return self.parts[1](embeddings, labels)

    whole = nn.parallel.DistributedDataParallel(Whole())
    x, labels = parts[rank]
    loss, info = whole(x, labels)
    loss.backward()
    grads = {name: p.grad for name, p in model.named_parameters()}
    torch.save([loss.detach(), info, grads], folder / f'{rank}.pth')
    leave()


def gather_part(rank: int, folder: Path, parts: list) -> None:
    """One of two processes that gather tensors of several types and lengths."""
    meet(rank, folder)
    torch.save([gather(part) for part in parts[rank]], folder / f'{rank}.pth')
    leave()


class Names(SampleMetric):
    """The names of the samples in their order."""

    default_prefix = 'names'

    def objects(self, data_samples: list[DataSample]) -> list[str]:
        """The name of each."""
        return [sample.img_path for sample in data_samples]

    def compute_metrics(self, results: list[str]) -> dict[str, str]:
        """All of them."""
        return dict(all=''.join(results))


def evaluate_objects(rank: int, folder: Path, names: str) -> None:
    """One of two processes that share an odd number of samples."""
    meet(rank, folder)
    metric = Names()
    dealt = (names + names[0])[rank::2]
    samples = [DataSample(metainfo=dict(img_path=name)) for name in dealt]
    metric.process(None, samples)
    torch.save(metric.evaluate(len(names)), folder / f'{rank}.pth')
    leave()


def evaluate_mistakes(rank: int, folder: Path) -> None:
    """One of two processes, the second of which has a label of no class.

    What it cannot sum up, and what the main process cannot, is the error of both.
    """
    meet(rank, folder)
    accuracy, walks = Accuracy(), CrossViewRank(protocol='CASIA-B')
    sample = DataSample().set_gt_label(2 * rank).set_pred_score([0.9, 0.1])
    accuracy.process(None, [sample])
    walk = DataSample(metainfo=dict(type='nm-01', view='000')).set_gt_label(0)
    walk.pred_embedding = torch.full((4,), float('nan'))
    walks.process(None, [walk])
    found = []
    for metric in (accuracy, walks):
        try:
            metric.evaluate(2)
        except DataError as error:
            found.append(str(error))
    torch.save(found, folder / f'{rank}.pth')
    leave()


class _WalkLosses:
    """The losses of a linear layer on walks, in one process or in two."""

    def __call__(
        self, rank: int, folder: Path, x: torch.Tensor, labels: torch.Tensor
    ) -> None:
        """One of two processes that share a batch in turn."""
        meet(rank, folder)
        weight, values = self.alone(x[rank::2], labels[rank::2])
        torch.save(dict(values, grad=weight.grad), folder / f'{rank}.pth')
        leave()

    def alone(
        self, x: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """The weight with its gradient, and the losses by name."""
        weight = torch.eye(6).requires_grad_()
        embeddings = torch.einsum('bdp,de->bep', x, weight)
        values = {}
        total = 0
        for name, loss in (
            ('triplet', TripletLoss(margin=1.0)),
            ('contrast', SupConLoss(temperature=0.5)),
        ):
            value = loss(embeddings=embeddings, labels=labels)[0].mean()
            values[name] = value.item()
            total = total + value
        total.backward()
        return weight, values


learn_walks = _WalkLosses()


def learn_views(
    rank: int, folder: Path, cfg: dict, views: list, device: str = 'cpu'
) -> None:
    """One of two processes that learn from their halves of the images."""
    meet(rank, folder, device)
    torch.manual_seed(0)
    model = torch.nn.parallel.DistributedDataParallel(MODELS.build(cfg).to(device))
    half = len(views[0]) // 2
    mine = [view[rank * half :][:half].to(device) for view in views]
    loss = sum(model(mine, mode='loss').values())
    loss.backward()
    grads = {k: p.grad for k, p in model.module.named_parameters() if p.requires_grad}
    buffers = dict(model.module.named_buffers())
    torch.save([loss.detach(), grads, buffers], folder / f'{rank}.pth')
    leave()


def encode_gallery(rank: int, folder: Path, cfg: dict) -> None:
    """One of two processes that encode a gallery together."""
    meet(rank, folder)
    torch.manual_seed(0)
    model = MODELS.build(cfg).train()
    model.prepare_prototype()
    assert model.training
    torch.save(model.prototype_vecs, folder / f'{rank}.pth')
    leave()


def _half(data: dict, rank: int) -> dict:
    """The samples of one of two processes."""
    samples = data['data_samples']
    half = len(samples) // 2
    mine = slice(rank * half, (rank + 1) * half)
    inputs = data['inputs']
    if isinstance(inputs, dict):
        inputs = {key: view[mine] for key, view in inputs.items()}
    else:
        inputs = inputs[mine]
    return dict(inputs=inputs, data_samples=samples[mine])


def train_all(
    rank: int, folder: Path, cases: dict[str, tuple[dict, dict]], device: str = 'cpu'
) -> None:
    """One of two processes that train one model after the other.

    The second step fails where a parameter took no part in the first.
    """
    meet(rank, folder, device)
    torch.set_num_threads(1)
    found = {}
    for name, (cfg, data) in cases.items():
        torch.manual_seed(0)
        model = MODELS.build(copy.deepcopy(cfg)).to(device).train()
        wrapped = MMDistributedDataParallel(model)
        optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3))
        mine = _half(data, rank)
        logged = [wrapped.train_step(mine, optimizer)['loss'] for _ in range(2)]
        found[name] = logged, dict(model.named_parameters())
    torch.save(found, folder / f'{rank}.pth')
    leave()


def frozen_gradients(model: nn.Module, run: nn.Module, data: dict) -> dict:
    """Gradients of a step whose norms do not look at the batch.

    Args:
        model: Whose parameters they are of.
        run: What is called: the model, or what shares its gradients.
        data: A batch.
    """
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
    ready = model.data_preprocessor(copy.deepcopy(data), training=True)
    total, _ = model.parse_losses(run(**ready, mode='loss'))
    total.backward()
    grads = {k: p.grad for k, p in model.named_parameters() if p.requires_grad}
    return {key: grad for key, grad in grads.items() if grad is not None}


def learn_halves(
    rank: int, folder: Path, cases: dict[str, tuple[dict, dict]], device: str = 'cpu'
) -> None:
    """One of two processes whose losses see the samples of both."""
    meet(rank, folder, device)
    torch.set_num_threads(1)
    found = {}
    for name, (cfg, data) in cases.items():
        torch.manual_seed(0)
        model = MODELS.build(copy.deepcopy(cfg)).to(device).train()
        wrapped = MMDistributedDataParallel(model)
        found[name] = frozen_gradients(model, wrapped, _half(data, rank))
    torch.save(found, folder / f'{rank}.pth')
    leave()
