"""Prints the command lines of minbearer in the recipes, one per line: the file, a tab, the arguments quoted for a shell."""

import re
import shlex
import sys

import yaml

folder = sys.argv[1]


def show(name, arguments):
    print(f"{name}\t{shlex.join(arguments)}")


for document in yaml.safe_load_all(open(f"{folder}/kubernetes.yaml")):
    pod = document.get("spec", {}).get("template", {}).get("spec", {})
    for container in pod.get("initContainers", []):
        show("kubernetes.yaml", container["args"])
for service in yaml.safe_load(open(f"{folder}/compose.yaml"))["services"].values():
    if service["image"] == "minbearer":
        show("compose.yaml", service["command"])
arguments = re.search(r"^ARGUMENTS=(.*)$", open(f"{folder}/minbearer.env").read(), re.M)[1]
unit = open(f"{folder}/minbearer.service").read()
command = re.search(r"^ExecStart=(.*)$", unit, re.M)[1].replace("$ARGUMENTS", arguments)
show("minbearer.service", shlex.split(command)[1:])
