"""Checks that every feature of every dependency of minbearer is enabled, except those given as `crate/feature`.

Reads the output of `cargo metadata`. Prints the enabled features, and on standard error those that are missing.
"""

import json
import sys

metadata = json.load(sys.stdin)
left_out = set(sys.argv[1:])
packages = {package["id"]: package for package in metadata["packages"]}
nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
minbearer = next(id for id, package in packages.items() if package["name"] == "minbearer")

missing = []
for dependency in nodes[minbearer]["deps"]:
    # A program that uses the crate does not get its dev-dependencies.
    if all(kind["kind"] for kind in dependency["dep_kinds"]):
        continue
    package, node = packages[dependency["pkg"]], nodes[dependency["pkg"]]
    name = package["name"]
    features = [f"{name}/{feature}" for feature in package["features"]]
    wanted = {feature for feature in features if feature not in left_out}
    found = {f"{name}/{feature}" for feature in node["features"]}
    missing += sorted(wanted - found)
    print(f"        {name} {package['version']}: {' '.join(sorted(node['features'])) or 'has none'}")

if missing:
    sys.exit(f"not on: {' '.join(missing)}")
