"""The sub-commands of ``mmlite``, each a module of its own."""

from . import (
    check_config,
    completion,
    convert_detection,
    export,
    new,
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
        new,
        test,
        print_config,
        check_config,
        predict,
        export,
        reparameterize,
        pack_dataset,
        prepare_gait,
        convert_detection,
        completion,
    )
)
