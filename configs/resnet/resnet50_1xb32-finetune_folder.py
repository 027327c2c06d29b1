"""ResNet-50 fine-tuned on your own images in class folders, one GPU of 32 images.

Paper: Deep Residual Learning for Image Recognition,
CVPR 2016, https://arxiv.org/abs/1512.03385

Expected: what your images give. It begins with weights of ImageNet-1k, which are
downloaded; the folder has train/<class>/ and val/<class>/.

    mmlite train configs/resnet/resnet50_1xb32-finetune_folder.py --cfg-options \\
        data_root=data/pets model.head.num_classes=5
"""

_base_ = [
    '../_base_/models/resnet50.py',
    '../_base_/datasets/folder_224.py',
    '../_base_/schedules/imagenet_bs256_coslr.py',
    '../_base_/default_runtime.py',
]

data_root = 'data/images'
checkpoint = (
    'https://download.openmmlab.com/mmclassification/v0/resnet/'
    'resnet50_8xb32_in1k_20210831-ea4938fc.pth'
)

model = dict(
    backbone=dict(
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone')
    ),
    head=dict(num_classes=2, topk=1),
)
train_dataloader = dict(dataset=dict(data_root=data_root))
_base_.val_dataloader.dataset.data_root = data_root
test_dataloader = _base_.val_dataloader
val_evaluator = dict(topk=1)
test_evaluator = dict(type='Accuracy', topk=1)

optim_wrapper = dict(optimizer=dict(lr=0.01))
param_scheduler = dict(T_max=30, end=30)
train_cfg = dict(max_epochs=30)
