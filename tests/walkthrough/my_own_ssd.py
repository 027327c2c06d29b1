_base_ = 'my_ssd.py'

custom_imports = dict(imports=['my_detection.extractors'])

data_preprocessor = dict(mean=[0.0, 0.0, 0.0])  # the extractor subtracts its means
model = dict(
    feature_extractor=dict(_delete_=True, type='SSDInceptionV100FeatureExtractor')
)
