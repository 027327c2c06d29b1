"""The sub-commands of ``mmlite``, each a module of its own."""

from . import (
    check_config,
    convert_detection,
    export,
    extract_features,
    knn,
    pack_dataset,
    predict,
    prepare_gait,
    print_config,
    reparameterize,
    test,
    train,
)

__all__ = ['COMMANDS']

#: In the order in which ``mmlite --help`` lists them.
COMMANDS = tuple(
    module.COMMAND
    for module in (
        train,
        test,
        print_config,
        check_config,
        predict,
        export,
        extract_features,
        knn,
        reparameterize,
        pack_dataset,
        prepare_gait,
        convert_detection,
    )
)
