import pytest
from mmengine.config import Config

from mmlite.config import check_config, check_phases, settle_phases
from mmlite.config.advice import advice_on
from mmlite.errors import ConfigError

MODEL = dict(type='BaseModel')
LOADER = dict(batch_size=1, dataset=dict(type='BaseDataset'))


@pytest.mark.parametrize(
    ('key', 'value'),
    [('val_cfg', {}), ('test_cfg', {}), ('test_dataloader', LOADER)],
)
def test_a_section_alone_starts_nothing(key, value):
    cfg = Config({key: value})
    advice = [str(a) for a in advice_on(cfg)]
    assert len(advice) == 1
    assert advice[0].startswith(f'{key} is alone; without {key.split("_")[0]}_')
    assert settle_phases(cfg)[key] is None
    assert cfg[key] == value  # the user's config stays


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('val_cfg', dict(type='ValLoop')),
        ('val_dataloader', LOADER),
        ('val_evaluator', dict(type='Accuracy')),
        ('test_evaluator', dict(type='Accuracy')),
    ],
)
def test_a_section_that_asks_for_something_needs_the_others(key, value):
    cfg = Config({key: value})
    found = [str(problem) for problem in check_config(cfg, build_model=False)]
    assert any(f'though there is {key}' in line for line in found)
    assert settle_phases(cfg) is cfg


@pytest.mark.parametrize('phase', ['val', 'test'])
def test_an_evaluation_has_a_loop_by_itself(phase):
    evaluator = dict(type='Accuracy')
    cfg = Config({f'{phase}_dataloader': LOADER, f'{phase}_evaluator': evaluator})
    found = [str(problem) for problem in check_config(cfg, build_model=False)]
    assert not any(f'{phase}_cfg' in line for line in found)
    assert settle_phases(cfg)[f'{phase}_cfg'] == {}


def test_a_model_that_does_not_predict_may_have_data_of_a_test_alone():
    cfg = Config(dict(model=dict(type='SimCLR'), test_dataloader=LOADER))
    assert not [a for a in advice_on(cfg) if 'test_' in str(a)]
    with pytest.raises(ConfigError, match='needs test_evaluator; .* SimCLR by') as said:
        check_phases(cfg, ['test'])
    assert len(str(said.value).splitlines()) == 1
