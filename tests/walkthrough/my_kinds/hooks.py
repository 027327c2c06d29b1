"""A power cut."""

import os
import signal

from mmengine.hooks import Hook

from mmlite.registry import HOOKS


@HOOKS.register_module()
class Killer(Hook):
    """Kills the process before an iteration, once the checkpoint before is written."""

    def __init__(self, at):
        self.at = at

    def before_train_iter(self, runner, **kwargs):
        if runner.iter == self.at:
            runner.checkpoint_writer.wait()
            os.kill(os.getpid(), signal.SIGKILL)
