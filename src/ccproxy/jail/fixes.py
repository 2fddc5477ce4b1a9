"""What to do about what is missing, by topic and by system. Commands are for a shell."""

from __future__ import annotations

from collections.abc import Mapping

from ccproxy.jail.distribution import Distribution

CONTAINERS = {
    "docker": "start the container with: docker run --device /dev/net/tun --security-opt seccomp=unconfined "
    "--security-opt apparmor=unconfined --security-opt systempaths=unconfined …",
    "podman": "start the container with: podman run --device /dev/net/tun --security-opt seccomp=unconfined "
    "--security-opt unmask=ALL …",
    "kubernetes": "in the pod's securityContext: seccompProfile: {type: Unconfined}, procMount: Unmasked; and give it "
    "the device /dev/net/tun (a hostPath volume of type CharDevice)",
    "lxc": "on the host: lxc config set NAME security.nesting=true && lxc config device add NAME tun unix-char "
    "path=/dev/net/tun mode=0666",
    "nspawn": "start the container with: systemd-nspawn --private-users=pick --bind=/dev/net/tun "
    "--system-call-filter='@mount unshare' …",
    "other": "let the container create user namespaces and give it the device /dev/net/tun",
}

SYSCTL = "echo {name}={value} | sudo tee /etc/sysctl.d/60-ccproxy.conf && sudo sysctl -p /etc/sysctl.d/60-ccproxy.conf"
NIXOS_SYSCTL = 'in configuration.nix: boot.kernel.sysctl."{name}" = {value}; then: sudo nixos-rebuild switch'
APPARMOR = (
    "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile ccproxy %s flags=(unconfined) {{ userns, }}\\n' "
    "{python} | sudo tee /etc/apparmor.d/ccproxy && sudo apparmor_parser -r /etc/apparmor.d/ccproxy"
)
TUN_RULE = 'printf \'KERNEL=="tun", MODE="0666"\\n\' | sudo tee /etc/udev/rules.d/60-ccproxy-tun.rules'
RESOLVED = "sudo systemctl enable --now systemd-resolved"
MODULE = "sudo modprobe tun && echo tun | sudo tee /etc/modules-load.d/tun.conf"

FIXES: Mapping[str, Mapping[str, str]] = {
    "sysctl": {"nixos": NIXOS_SYSCTL, "": SYSCTL},
    "apparmor": {
        "suse": SYSCTL.format(name="kernel.apparmor_restrict_unprivileged_userns", value=0),
        "": APPARMOR,
    },
    "tun_missing": {
        "alpine": "sudo modprobe tun && echo tun | sudo tee -a /etc/modules",
        "arch": f"{MODULE} (after a kernel upgrade: reboot first)",
        "nixos": 'in configuration.nix: boot.kernelModules = [ "tun" ]; then: sudo nixos-rebuild switch',
        "": MODULE,
    },
    "tun_wrong": {"": "sudo rm -r /dev/net/tun; sudo mkdir -p /dev/net; sudo mknod -m 0666 /dev/net/tun c 10 200"},
    "tun_closed": {
        "alpine": "sudo chmod 0666 /dev/net/tun && echo 'tun root:netdev 0666 =net/' | sudo tee -a /etc/mdev.conf",
        "nixos": "in configuration.nix: services.udev.extraRules = ''KERNEL==\"tun\", MODE=\"0666\"''; "
        "then: sudo nixos-rebuild switch",
        "": f"{TUN_RULE} && sudo chmod 0666 /dev/net/tun",
    },
    "resolver": {
        "debian": f"sudo apt-get install systemd-resolved && {RESOLVED}",
        "fedora": f"sudo dnf install systemd-resolved && {RESOLVED}",
        "suse": "sudo netconfig update -f",
        "alpine": "sudo rm -f /etc/resolv.conf && sudo rc-service networking restart",
        "nixos": "in configuration.nix: networking.resolvconf.enable = true; then: sudo nixos-rebuild switch",
        "": RESOLVED,
    },
    "certificates": {
        "debian": "sudo apt-get install ca-certificates",
        "fedora": "sudo dnf install ca-certificates",
        "arch": "sudo pacman -S ca-certificates",
        "suse": "sudo zypper install ca-certificates-mozilla",
        "alpine": "sudo apk add ca-certificates",
        "nixos": "in configuration.nix: security.pki.installCACerts = true; then: sudo nixos-rebuild switch",
        "": "install your system's package of CA certificates",
    },
}

FROM_OUTSIDE = {"sysctl", "apparmor", "tun_missing", "tun_wrong", "tun_closed", "container"}
"""Topics that a container cannot help itself with."""
WSL1 = "convert this distribution to WSL 2, in Windows: wsl --set-version NAME 2"


def fix(topic: str, distribution: Distribution, **values: object) -> str:
    """What to do on this system; `values` fill the command in."""
    if distribution.container and topic in FROM_OUTSIDE:
        inside = FIXES[topic][""].format(**values) if topic == "sysctl" else ""
        advice = CONTAINERS[distribution.container]
        return f"{advice} (on the host: {inside})" if inside else advice
    by_family = FIXES[topic]
    return by_family.get(distribution.family, by_family[""]).format_map(values)
