"""Dockerfile, compose file, manifests, unit, dashboard and alerts, each checked by the tool that reads it."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from deployed import DEPLOY
from latchkey_server import REPOSITORY, LatchkeyServer, executable

KUBERNETES = "1.31"
METRIC = re.compile(r"\b(?:latchkey|process)_[a-z_]+\b")
# The worst that `systemd-analyze security` may say of the unit, in tenths: 10 is "OK", 20 "medium" begins at 50.
EXPOSURE = 20


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a program printed, both streams; it must succeed."""
    result = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=60, check=False, cwd=cwd)
    assert result.returncode == 0, f"{command}: {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout + result.stderr


# MARK: Containers


@pytest.fixture
def composed(tmp_path: Path) -> Path:
    """A copy of deploy/ with secrets made. docker-compose 1.29, which Debian has, does not know `name:` yet; nothing else differs."""
    shutil.copytree(DEPLOY, tmp_path / "deploy", ignore=shutil.ignore_patterns("secrets", "tls"))
    file = tmp_path / "deploy" / "compose" / "compose.yaml"
    text = file.read_text()
    assert re.findall(r"(?m)^name: latchkey\n", text)
    file.write_text(re.sub(r"(?m)^name: latchkey\n", "", text))
    run(file.parent / "prepare")
    return file.parent


def test_docker_compose_reads_the_file(composed: Path) -> None:
    services = yaml.safe_load(run("docker-compose", "-f", "compose.yaml", "config", cwd=composed))["services"]
    assert set(services) == {"database", "migrate", "node-1", "node-2", "nginx"}
    for name in ("migrate", "node-1", "node-2", "nginx"):
        service = services[name]
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"] and not service["user"].startswith("0"), name
    assert services["node-1"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    password = (composed / "secrets" / "database_password").read_text().strip()
    assert services["node-2"]["environment"]["LATCHKEY_DATABASE"].startswith(f"postgresql://latchkey:{password}@database")
    assert "LATCHKEY_DATABASE" not in services["nginx"].get("environment", {}), "nginx needs no database"
    # Nothing but nginx is open, and without a certificate to this machine only.
    assert {name: service.get("ports") for name, service in services.items() if service.get("ports")} == {
        "nginx": ["127.0.0.1:8080:8080/tcp"]}


def test_docker_compose_reads_the_file_for_tls(composed: Path) -> None:
    services = yaml.safe_load(run("docker-compose", "-f", "compose.yaml", "-f", "compose.tls.yaml", "config", cwd=composed))["services"]
    assert {"published": 443, "target": 8443} in services["nginx"]["ports"]


def test_secrets_are_made_once_and_kept_from_others(composed: Path) -> None:
    secrets = composed / "secrets"
    before = {file.name: file.read_text() for file in secrets.iterdir()}
    assert set(before) == {"database_password", "latchkey_master_key", "latchkey.env"}
    assert before["database_password"].strip() in before["latchkey.env"]
    assert secrets.stat().st_mode & 0o777 == 0o700
    run(composed / "prepare")
    assert {file.name: file.read_text() for file in secrets.iterdir()} == before
    ignored = (composed / ".gitignore").read_text().split()
    assert "/secrets/" in ignored and "/tls/" in ignored


def test_no_secret_is_written_in_the_files() -> None:
    """Passwords and keys are made by a command or given by the operator."""
    for file in [each for each in DEPLOY.rglob("*") if each.is_file() and not {"secrets", "tls"} & set(each.parts)]:
        assert not re.search(r"(?i)(password|secret|key)[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9+]{16,}", file.read_text()), file


def test_the_image_is_made_as_it_should_be() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    final = text[text.rindex("\nFROM "):]
    assert re.search(r"(?m)^USER 10001:10001$", final) and re.search(r"(?m)^VOLUME /data$", final)
    assert re.search(r"(?m)^STOPSIGNAL SIGTERM$", final) and "HEALTHCHECK" in final
    assert ":latest" not in text
    # What the package needs to be built is in the context, whatever else is in the directory.
    ignored = (REPOSITORY / ".dockerignore").read_text().split("\n")
    assert ignored[ignored.index("*") + 1:].count("!Sources") == 1
    development = set(re.findall(r"lib[a-z0-9-]+-dev", (REPOSITORY / "scripts" / "need").read_text()))
    assert development <= set(re.findall(r"lib[a-z0-9-]+-dev", text)), "the Dockerfile lacks what scripts/need names"


def test_the_health_check_tells_a_ready_server_from_none(server: LatchkeyServer) -> None:
    assert "ready" in run(executable(), "health", "--internal-listen", server.internal.removeprefix("http://"))
    result = subprocess.run(
        [str(executable()), "health", "--internal-listen", "127.0.0.1:1"], capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 1 and "Nothing answers" in result.stderr


# MARK: Kubernetes


def manifests() -> list[dict]:
    files = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    return [each for file in files for each in yaml.safe_load_all(file.read_text())]


def test_manifests_follow_the_schemas() -> None:
    kinds = []
    for manifest in manifests():
        if manifest["kind"] in ("Kustomization", "ServiceMonitor"):
            continue
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
        kinds.append(manifest["kind"])
    assert {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "Ingress", "ConfigMap", "ServiceAccount"} <= set(kinds)


def test_the_schema_check_would_find_a_wrong_field() -> None:
    broken = next(each for each in manifests() if each["kind"] == "Deployment")
    broken["spec"]["template"]["spec"]["containers"][0]["readinessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


def test_the_kustomization_names_every_manifest() -> None:
    kustomization = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    there = {file.name for file in (DEPLOY / "kubernetes").glob("*.yaml")} - {"kustomization.yaml", "servicemonitor.yaml", "operator.yaml"}
    assert set(kustomization["resources"]) == there


def test_the_pods_are_confined_and_the_internal_listener_is_private() -> None:
    by_kind = {}
    for manifest in manifests():
        by_kind.setdefault(manifest["kind"], []).append(manifest)
    pod = by_kind["Deployment"][0]["spec"]["template"]["spec"]
    assert by_kind["Deployment"][0]["spec"]["replicas"] >= 2
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"] + pod["initContainers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    ingress = by_kind["Ingress"][0]["spec"]["rules"][0]["http"]["paths"]
    assert [path["backend"]["service"]["port"]["name"] for path in ingress] == ["public"]
    for rule in by_kind["NetworkPolicy"][0]["spec"]["ingress"]:
        if {"port": "internal"} in rule["ports"]:
            assert rule["from"] == [{"namespaceSelector": {"matchLabels": {"latchkey.example.com/internal": "allowed"}}}]


def test_the_operator_has_what_a_node_has() -> None:
    """docs/operations.md: where a restore is done while there is no node. It is no node to the Service."""
    pod = next(each for each in manifests() if each["kind"] == "Pod")
    deployment = next(each for each in manifests() if each["kind"] == "Deployment")
    template = deployment["spec"]["template"]
    (own,), (node,) = pod["spec"]["containers"], template["spec"]["containers"]
    for key in ("envFrom", "env", "securityContext", "resources", "volumeMounts"):
        assert own[key] == node[key], key
    for key in ("serviceAccountName", "automountServiceAccountToken", "securityContext", "volumes"):
        assert pod["spec"][key] == template["spec"][key], key
    image = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["images"][0]
    assert own["image"] == f"{image['newName']}:{image['newTag']}"
    assert "labels" not in pod["metadata"] and own["command"][0] == "sleep"
    assert "deploy/kubernetes/operator.yaml" in (DEPLOY.parent / "docs" / "operations.md").read_text()


# MARK: systemd


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """It warns and succeeds where it does not know a setting: it has to say nothing at all."""
    text = (DEPLOY / "systemd" / "latchkey.service").read_text()
    assert "ExecStart=/usr/local/bin/latchkey serve" in text
    unit = tmp_path / "latchkey.service"
    unit.write_text(text.replace("/usr/local/bin/latchkey", "/bin/true"))
    assert run("systemd-analyze", "verify", "--man=no", unit) == ""
    told = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", unit)
    assert "Overall exposure level" in told


def test_the_settings_of_the_unit_are_settings(tmp_path: Path) -> None:
    """The operator's commands find in them where everything is; the server is told the same by the unit, whose credentials come first."""
    text = (DEPLOY / "systemd" / "latchkey.yaml").read_text()
    assert "data: /var/lib/latchkey\n" in text and "master-key-file: /etc/latchkey/master.key\n" in text
    unit = (DEPLOY / "systemd" / "latchkey.service").read_text()
    assert "Environment=LATCHKEY_DATA=%S/latchkey\n" in unit and "Environment=LATCHKEY_MASTER_KEY_FILE=%d/master.key\n" in unit
    key, settings, data = tmp_path / "master.key", tmp_path / "latchkey.yaml", tmp_path / "data"
    key.write_bytes(base64.b64encode(bytes(32)))
    settings.write_text(text.replace("/etc/latchkey/master.key", str(key)).replace("/var/lib/latchkey", str(data)))
    for command in (["migrate", "up"], ["account", "list"], ["doctor"]):
        result = subprocess.run(
            [str(executable()), *command, "--config", str(settings)], capture_output=True, text=True, timeout=60, check=False)
        assert "is no setting" not in result.stdout + result.stderr
        if command != ["doctor"]:
            assert result.returncode == 0, result.stderr
    assert "PROBLEM  settings" not in result.stdout and "Name the database" not in result.stdout, result.stdout
    assert (data / "latchkey.sqlite").exists()


# MARK: Watching


def dashboard() -> dict:
    return json.loads((DEPLOY / "grafana" / "latchkey.json").read_text())


def expressions() -> list[str]:
    panels = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
    assert all(panel["targets"] for panel in panels)
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    return [target["expr"] for panel in panels for target in panel["targets"]] + [rule["expr"] for rule in rules]


def test_promtool_accepts_the_alerts_and_the_configuration() -> None:
    assert "SUCCESS" in run("promtool", "check", "rules", DEPLOY / "prometheus" / "alerts.yaml")
    assert "SUCCESS" in run("promtool", "check", "config", DEPLOY / "prometheus" / "prometheus.yaml")


def test_promtool_accepts_what_the_dashboard_asks(tmp_path: Path) -> None:
    """As rules, so that it reads every expression."""
    rules = [
        {"record": f"dashboard:panel{number}", "expr": re.sub(r"\$(job|instance)", "x", expression)}
        for number, expression in enumerate(expressions())]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    assert "SUCCESS" in run("promtool", "check", "rules", tmp_path / "rules.yaml")


def test_the_dashboard_fits_together() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_each_alert_is_explained_to_whoever_is_on_call() -> None:
    text = (REPOSITORY / "docs" / "operations.md").read_text()
    alerts = re.findall(r"- alert: (\w+)", (DEPLOY / "prometheus" / "alerts.yaml").read_text())
    assert alerts and [alert for alert in alerts if f"### {alert}" not in text] == []


def test_every_metric_that_is_watched_exists(server: LatchkeyServer) -> None:
    """The server declares each metric, whether it has counted anything yet or not."""
    text = server.caller.get(server.internal + "/metrics").text
    declared = set(re.findall(r"(?m)^# TYPE (\S+)", text))
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for expression in expressions() for name in METRIC.findall(expression)}
    # This one is there where the listener has a certificate; Tests/blackbox/operating looks at it.
    assert named - declared == {"latchkey_tls_certificate_expiry_seconds"}
