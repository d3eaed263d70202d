"""Who holds a TCP port, which one is free next, and which addresses this machine has."""

from __future__ import annotations

import errno
import ipaddress
import os
import shutil
import socket
import subprocess
from pathlib import Path

LISTEN = "0A"
"""The state of a listening socket in /proc/net/tcp."""

_ANYWHERE = {"", "0.0.0.0", "::", "*"}


def is_loopback(address: str) -> bool:
    """Return True for an IP address of this machine's loopback interface; False for names and anything
    else.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def family_of(host: str) -> socket.AddressFamily:
    """Return the address family to listen with for a host as the user wrote it."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def url_of(host: str, port: int, *, tls: bool = False) -> str:
    """Return the base URL at which a host and port are reached from this machine or network."""
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def next_free_port(after: int, hosts: tuple[str, ...], tries: int = 50) -> int:
    """Return the next port above `after` that every host is free on, or 0 when none is in reach."""
    for port in range(after + 1, min(after + 1 + tries, 65536)):
        if all(_is_free(host, port) for host in hosts):
            return port
    return 0


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.socket(family_of(host), socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        # An address that does not exist here cannot be taken: listening skips it as well.
        return is_unavailable(error)
    return True


def is_unavailable(error: OSError) -> bool:
    """Return True when the error says that the address (say ::1) does not exist on this machine."""
    return error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def interface_addresses() -> tuple[str, ...]:
    """Return addresses at which other devices of the network reach this machine, the default
    route's first.
    """
    found: list[str] = []
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            # Connecting a datagram socket sends nothing: it only asks the routing table.
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    try:
        infos = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        infos = []
    found += [str(info[4][0]) for info in infos]
    usable = [address for address in found if not is_loopback(address) and not address.startswith("fe80")]
    return tuple(dict.fromkeys(usable))


def owner_of(port: int) -> tuple[int, str] | None:
    """Return the process id and name of who listens on a TCP port, where this user may see it."""
    if Path("/proc/net/tcp").exists():
        return _owner_from_proc(port)
    if shutil.which("lsof"):
        return _owner_from_lsof(port)
    return None


def _owner_from_proc(port: int) -> tuple[int, str] | None:
    wanted: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                wanted.add(f"socket:[{fields[9]}]")
    if not wanted:
        return None
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and _holds(process, wanted):
            return int(process.name), _name_of(process)
    return None


def _holds(process: Path, sockets: set[str]) -> bool:
    try:
        for descriptor in (process / "fd").iterdir():
            try:
                if os.readlink(descriptor) in sockets:
                    return True
            except OSError:
                continue
    except OSError:
        # Another user's process, or one that ended just now.
        return False
    return False


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


def _owner_from_lsof(port: int) -> tuple[int, str] | None:
    command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    try:
        out = subprocess.run(command, capture_output=True, text=True, timeout=3, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    fields = {line[0]: line[1:] for line in out.splitlines() if line}
    return (int(fields["p"]), fields.get("c", "")) if fields.get("p", "").isdigit() else None


def is_exposed(host: str) -> bool:
    """Return True when listening on this host can be reached from other machines."""
    return host in _ANYWHERE or not (is_loopback(host) or host == "localhost")


def is_wildcard(host: str) -> bool:
    """Return True for the addresses that stand for every interface."""
    return host in _ANYWHERE
