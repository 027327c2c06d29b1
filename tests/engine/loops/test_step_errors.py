import pytest
import torch
from support.training import ToyRunModel, toy_cfg, toy_runner

from mmlite.engine import Runner
from mmlite.errors import TrainingError


def test_a_last_batch_of_one_sample_is_explained(tmp_path):
    cfg = toy_cfg(tmp_path)
    cfg.train_dataloader.dataset.size = cfg.train_dataloader.batch_size + 1
    with pytest.raises(TrainingError, match=r'single sample.*drop_last=True'):
        Runner.from_cfg(cfg).train()


@pytest.mark.parametrize('exception', [torch.cuda.OutOfMemoryError, ValueError])
def test_only_what_is_known_is_explained(tmp_path, monkeypatch, exception):
    def fail(*args, **kwargs):
        raise exception('CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has')

    monkeypatch.setattr(ToyRunModel, 'train_step', fail)
    expected = ValueError if exception is ValueError else TrainingError
    with pytest.raises(expected) as caught:
        toy_runner(tmp_path).train()
    explained = 'CUDA out of memory); set a smaller train_dataloader.batch_size'
    assert (explained in str(caught.value)) == (exception is not ValueError)
