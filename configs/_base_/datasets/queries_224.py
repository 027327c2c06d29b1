"""Your own images of classes for retrieval at 224x224, 32 images a GPU."""

_base_ = 'lists_224.py'

val_dataloader = dict(dataset=dict(type='RetrievalQueries', gallery='train.txt'))
val_evaluator = [
    dict(type='RetrievalRecall', topk=(1, 5)),
    dict(type='RetrievalAveragePrecision', topk=100),
]
