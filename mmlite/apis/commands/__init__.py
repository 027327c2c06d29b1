"""The sub-commands of ``mmlite``, each a module of its own."""

from . import (
    analyze,
    bench,
    browse,
    cam,
    check_config,
    completion,
    convert,
    convert_detection,
    export,
    extract_features,
    flops,
    knn,
    list_models,
    lr_finder,
    new,
    pack_dataset,
    predict,
    prepare_gait,
    print_config,
    publish,
    push,
    reparameterize,
    report,
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
        lr_finder,
        print_config,
        check_config,
        predict,
        report,
        analyze,
        browse,
        cam,
        bench,
        export,
        extract_features,
        knn,
        reparameterize,
        pack_dataset,
        prepare_gait,
        convert_detection,
        list_models,
        flops,
        convert,
        publish,
        push,
        completion,
    )
)
