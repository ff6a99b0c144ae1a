"""What deploy/ gives operators fits the product: commands, options, ports, paths and times."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from foreword.cli.root import root
from foreword.cli.up import _STOP_MARGIN_SECONDS
from foreword.config import Config
from foreword.config_file import ConfigFile

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONFIGURATIONS = sorted(DEPLOY.rglob("foreword.toml"))
USER = 64646


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text("utf-8")))


def compose(name: str = "compose.yaml") -> dict[str, Any]:
    services: dict[str, Any] = documents(f"compose/{name}")[0]["services"]
    return services


def pod() -> dict[str, Any]:
    _, workload = documents("kubernetes/app.yaml")
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return spec


def unit(path: Path) -> configparser.ConfigParser:
    # A key may come more than once; none that is asked for here does.
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read([path, DEPLOY / "systemd/foreword-.service.d/both.conf"])
    return parser


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def instruction(name: str) -> list[str]:
    """Return the arguments of an instruction, in its exec form: no shell is in the image."""
    (found,) = re.findall(rf"^{name} (\[.*\])$", CONTAINERFILE, re.M)
    parts: list[str] = json.loads(found)
    return parts


def image_commands() -> tuple[list[str], list[str]]:
    """Return what the image's probe and the image itself run."""
    probe, run = (json.loads(found) for found in re.findall(r"^ *CMD (\[.*\])$", CONTAINERFILE, re.M))
    return probe, [*instruction("ENTRYPOINT"), *run]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yield every command line of Foreword's in the files, with its place."""
    probe, run = image_commands()
    yield "Containerfile", run
    yield "Containerfile, probe", probe
    for path in UNITS:
        yield path.name, shlex.split(unit(path)["Service"]["ExecStart"])
    yield "model-server.yaml", ["foreword", *compose("model-server.yaml")["model-server"]["command"]]
    sidecar = pod()["initContainers"][0]
    yield "app.yaml", ["foreword", *sidecar["args"]]
    for name in ("startupProbe", "livenessProbe"):
        yield f"app.yaml, {name}", sidecar[name]["exec"]["command"]


@pytest.mark.parametrize(
    ("place", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_commands_are_those_of_the_command_line(place: str, command: list[str]) -> None:
    """Each command in a file is Foreword's, and takes the options that stand there."""
    assert Path(command[0]).name == "foreword", place
    # Of a line with a wrong option click says so before it helps.
    answer = CliRunner().invoke(root, [*command[1:], "--help"], prog_name="foreword")
    assert answer.exit_code == 0, answer.output
    assert "Usage: foreword [" not in answer.output, "no command is named"


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.parent.name)
def test_configurations_are_accepted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each foreword.toml holds keys and values that the daemons take."""
    monkeypatch.delenv("FOREWORD_STORE__DIRECTORY", raising=False)
    assert ConfigFile.find(path).read()


def metrics_ports(path: Path) -> set[int]:
    telemetry = tomllib.loads(path.read_text("utf-8"))["telemetry"]
    return {int(telemetry[f"{name}_metrics_listen"].rpartition(":")[2]) for name in ("sidecar", "scheduler")}


def test_prometheus_asks_where_metrics_are_served() -> None:
    """Targets, pod ports and rules for the network name the ports of the configuration beside them."""
    scraped = documents("compose/prometheus.yml")[0]["scrape_configs"][0]
    targets = [target for one in scraped["static_configs"] for target in one["targets"]]
    assert {int(target.rpartition(":")[2]) for target in targets} == metrics_ports(
        DEPLOY / "compose/foreword/foreword.toml"
    )
    assert {target.rpartition(":")[0] for target in targets} <= set(compose())
    served = metrics_ports(DEPLOY / "kubernetes/foreword.toml")
    ports = pod()["initContainers"][0]["ports"]
    assert {port["containerPort"] for port in ports} == served
    (policy,) = documents("kubernetes/network-policy.yaml")
    watched = [rule["ports"] for rule in policy["spec"]["ingress"] if "from" in rule]
    assert {port["port"] for rule in watched for port in rule} == served
    (monitor,) = documents("kubernetes/pod-monitor.yaml")
    assert {one["port"] for one in monitor["spec"]["podMetricsEndpoints"]} == {port["name"] for port in ports}


def test_alerts_find_their_job() -> None:
    """The name under which Prometheus scrapes is the one that the alerts look for."""
    alerts = (ROOT / "docs/prometheus/alerts.yml").read_text("utf-8")
    jobs = set(re.findall(r'job="([^"]+)"', alerts))
    scraped = documents("compose/prometheus.yml")[0]["scrape_configs"]
    labels = documents("kubernetes/app.yaml")[1]["spec"]["template"]["metadata"]["labels"]
    (monitor,) = documents("kubernetes/pod-monitor.yaml")
    assert {one["job_name"] for one in scraped} == {labels[monitor["spec"]["jobLabel"]]} == jobs


def test_no_port_of_foreword_leaves_its_host() -> None:
    """Nothing of Foreword's is published, and what is published is on loopback alone."""
    published = {name: one.get("ports", []) for name, one in compose().items()}
    assert {name for name, ports in published.items() if ports} == {"grafana"}
    assert all(port.startswith("127.0.0.1:") for port in published["grafana"])
    assert documents("compose/compose.yaml")[0]["networks"]["watched"] == {"internal": True}


def test_mounted_files_are_there() -> None:
    """Each file or folder that a container is given from the checkout exists, dashboard and alerts in docs/."""
    sources = [volume.split(":")[0] for one in compose().values() for volume in one.get("volumes", [])]
    paths = [source for source in sources if source.startswith(".")]
    assert {"../../docs/grafana", "../../docs/prometheus/alerts.yml"} <= set(paths)
    assert [path for path in paths if not (DEPLOY / "compose" / path).exists()] == []
    (provider,) = documents("compose/grafana/dashboards/foreword.yaml")[0]["providers"]
    assert f"../../docs/grafana:{provider['options']['path']}:ro" in compose()["grafana"]["volumes"]
    generated = documents("kubernetes/kustomization.yaml")[0]
    named = [*generated["resources"], *generated["configMapGenerator"][0]["files"]]
    assert [name for name in named if not (DEPLOY / "kubernetes" / name).exists()] == []


def test_the_image_has_all_that_its_build_copies() -> None:
    """What is copied or installed is not left out by .dockerignore, and exists."""
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {
        *wheel["packages"],
        *wheel["force-include"],
        project["project"]["readme"],
        *project["project"]["license-files"],
    }
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.M)
    needed |= {name for line in copied for name in line.split() if name != "."}
    needed |= set(re.findall(r"\b(constraints\.txt|deploy/\S+\.sh)\b", CONTAINERFILE))
    assert needed <= allowed
    assert [name for name in allowed if not (ROOT / name).exists()] == []


def test_one_user_and_one_place_everywhere() -> None:
    """Image, compose file and pod agree on the user, the volume and the socket that probes ask."""
    assert f"USER {USER}:{USER}" in CONTAINERFILE
    context = pod()["securityContext"]
    assert {context[key] for key in ("runAsUser", "runAsGroup", "fsGroup")} == {USER}
    volumes = set(instruction("VOLUME"))
    mounts = {one["mountPath"] for one in pod()["initContainers"][0]["volumeMounts"]}
    assert volumes <= mounts
    (store,) = re.findall(r"FOREWORD_STORE__DIRECTORY=(\S+)", CONTAINERFILE)
    probe, _ = image_commands()
    listen = Config.model_validate({"store": {"directory": store}}).listen_addresses()
    assert probe[-1] in listen
    assert pod()["initContainers"][0]["livenessProbe"]["exec"]["command"] == probe
    (address,) = [one["value"] for one in pod()["containers"][0]["env"] if one["name"] == "FOREWORD_ADDRESS"]
    assert address in listen


def test_nobody_is_killed_while_draining() -> None:
    """Every manager waits longer than the daemons may take to end by their defaults."""
    config = Config()
    sidecar, scheduler = config.sidecar.drain_seconds, config.scheduler.drain_seconds
    both = max(sidecar, scheduler) + _STOP_MARGIN_SECONDS
    assert seconds(compose()["foreword"]["stop_grace_period"]) > both
    assert pod()["terminationGracePeriodSeconds"] > both
    for path, least in zip(UNITS, (scheduler, sidecar), strict=True):
        assert seconds(unit(path)["Service"]["TimeoutStopSec"]) > least, path.name


def test_all_containers_are_bound() -> None:
    """No container can write its root, gain rights, or keep any capability."""
    for name, one in {**compose("model-server.yaml"), **compose()}.items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
    for one in [*pod()["initContainers"], *pod()["containers"]]:
        least = one["securityContext"]
        assert least["readOnlyRootFilesystem"], one["name"]
        assert not least["allowPrivilegeEscalation"], one["name"]
        assert least["capabilities"] == {"drop": ["ALL"]}, one["name"]


def checked(*command: str | Path) -> str:
    """Run another tool's own check, and return what it says; the test is skipped where the tool is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def cargo_targets(folder: Path) -> set[str]:
    """Return what a manifest has cargo build; it leaves out here what it will not find, and refuses to build then."""
    said = checked(
        "cargo",
        "metadata",
        "--offline",
        "--no-deps",
        "--format-version=1",
        "--manifest-path",
        folder / "Cargo.toml",
    )
    (package,) = json.loads(said)["packages"]
    return {target["name"] for target in package["targets"]}


def test_the_image_has_all_that_the_front_is_built_of(tmp_path: Path) -> None:
    """Its stage is given each target that the manifest names: without one of them, built or not, cargo builds none."""
    for names, target in re.findall(r"^COPY (native/.+) (\S+)$", CONTAINERFILE, re.M):
        for name in names.split():
            place = tmp_path / target / (Path(name).name if target == "./" else "")
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place)
            else:
                shutil.copy(ROOT / name, place)
    assert cargo_targets(tmp_path) == cargo_targets(ROOT / "native")


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`systemd-analyze` finds nothing wrong with the units, and calls each of them well bound."""
    units = tmp_path / "etc/systemd/system"
    shutil.copytree(DEPLOY / "systemd", units)
    binary = tmp_path / "opt/foreword/bin/foreword"
    binary.parent.mkdir(parents=True)
    shutil.copy("/bin/true", binary)
    # The targets that the units name, and nothing of this machine's own.
    for target in ("sysinit", "basic", "shutdown", "network", "network-online", "multi-user"):
        (units / f"{target}.target").write_text("[Unit]\nDefaultDependencies=no\n", "utf-8")
    for socket in ("systemd-journald", "systemd-journald-dev-log"):
        (units / f"{socket}.socket").write_text(
            "[Socket]\nListenStream=/run/s\n[Unit]\nDefaultDependencies=no\n", "utf-8"
        )
    names = [path.name for path in UNITS]
    said = checked("systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", *names)
    assert [line for line in said.splitlines() if "foreword" in line] == []
    for name in names:
        checked("systemd-analyze", "security", "--offline=yes", "--threshold=20", f"--root={tmp_path}", name)


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    """`promtool` accepts the configuration beside the alerts, as the compose file lays them."""
    shutil.copy(DEPLOY / "compose/prometheus.yml", tmp_path)
    shutil.copy(ROOT / "docs/prometheus/alerts.yml", tmp_path)
    checked("promtool", "check", "config", tmp_path / "prometheus.yml")


def test_kustomize_puts_the_manifests_together() -> None:
    """`kubectl kustomize` makes one stream of documents of the folder."""
    made = list(yaml.safe_load_all(checked("kubectl", "kustomize", DEPLOY / "kubernetes")))
    assert {one["kind"] for one in made} == {
        "ConfigMap",
        "Namespace",
        "NetworkPolicy",
        "Service",
        "StatefulSet",
    }


@pytest.mark.parametrize("name", ["app.yaml", "namespace.yaml", "network-policy.yaml"])
def test_manifests_fit_the_published_schema(name: str) -> None:
    """Each manifest is what Kubernetes takes, from the first version on that runs such a sidecar; no key is unknown."""
    # In no extra: it is every schema of every version since 1.11, 23 MB to download and 17,000 files to write.
    validation = pytest.importorskip(
        "kubernetes_validate",
        reason="kubernetes-validate, too large for the extra dev, is not installed: pip install kubernetes-validate",
    )
    for one in documents(f"kubernetes/{name}"):
        validation.validate(one, "1.29", strict=True)
