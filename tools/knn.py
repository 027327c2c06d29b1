"""Judge features by nearest neighbours: python tools/knn.py CONFIG [CHECKPOINT]."""

import argparse

from mmlite.apis import knn


def parse_args() -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='a config file')
    parser.add_argument('checkpoint', nargs='?', help='default: random weights')
    parser.add_argument('--k', type=int, default=20, help='number of neighbours')
    parser.add_argument('--temperature', type=float, default=0.07)
    parser.add_argument('--shots', type=int, help='labelled images of each class')
    parser.add_argument('--draws', type=int, default=5, help='how often to draw them')
    parser.add_argument('--pixels', action='store_true', help='compare the pixels')
    parser.add_argument('--cfg-options', nargs='*', default=(), metavar='KEY=VALUE')
    return parser.parse_args()


def main() -> None:
    """Print the figures."""
    args = vars(parse_args())
    args['overrides'] = args.pop('cfg_options')
    for name, value in knn(**args).items():
        print(f'{name}  {value:.2f}')


if __name__ == '__main__':
    main()
