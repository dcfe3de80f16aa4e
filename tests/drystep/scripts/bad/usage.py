import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--config", required=True)
parser.parse_args()
