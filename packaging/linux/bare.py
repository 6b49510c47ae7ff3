"""The Debian package in a Debian that has nothing: made by debootstrap, the package put in by apt, used, taken out.

The machine that builds carries every library; there alone is it seen whether the package asks for enough of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from smoke import TrialError, expect, look, say

import erp_desktop

RELEASE = "bookworm"
NAME = "erp-mif"
CLERK = "agent"
HOME = f"/home/{CLERK}"
DATA = f"{HOME}/.local/share/ERP MIF"
PROGRAMS = "/opt/erp-mif"
TIMEOUT_S = 900
PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def mirror() -> str:
    """Where apt of this machine takes the release from.

    Raises:
        TrialError: its sources do not name the release.
    """
    command = ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(SITE)", "Created-By: Packages"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = [line.split()[2] for line in told.splitlines() if line.startswith(f"{RELEASE} main ")]
    expect(bool(found), f"les sources d'apt ne nomment pas {RELEASE}")
    return found[0]


class Bare:
    """A Debian of its own in a folder, with a clerk's account; the steps go in their order."""

    def __init__(self, folder: Path, package: Path) -> None:
        self.root = folder
        self.package = package
        self.files: list[str] = []

    def make(self) -> str:
        """The smallest Debian there is, without Python."""
        made = ["debootstrap", "--variant=minbase", RELEASE, str(self.root), mirror()]
        done = subprocess.run(made, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        expect(done.returncode == 0, f"debootstrap → {done.returncode}\n{done.stdout[-800:]}{done.stderr[-800:]}")
        if not os.path.ismount(self.root / "proc"):
            subprocess.run(["mount", "-t", "proc", "proc", str(self.root / "proc")], check=True)
        self.inside("useradd", "--create-home", CLERK)
        return f"Debian {(self.root / 'etc/debian_version').read_text().strip()}, {self.count()} paquets"

    def close(self) -> None:
        """Take the folder away, never what is mounted in it."""
        for _ in range(3):
            if os.path.ismount(self.root / "proc"):
                subprocess.run(["umount", str(self.root / "proc")], check=False)
        if os.path.ismount(self.root / "proc"):
            say(f"{self.root}/proc est encore monté : le dossier reste")
            return
        shutil.rmtree(self.root, ignore_errors=True)

    def inside(self, *command: str, clerk: bool = False, **settings: str) -> str:
        """Run a command in there, as root or as the clerk, and return what it printed."""
        who = ["--userspec", f"{CLERK}:{CLERK}"] if clerk else []
        values = {"PATH": PATHS, "HOME": HOME if clerk else "/root", "LANG": "C.UTF-8",
                  "QT_QPA_PLATFORM": "offscreen", "DEBIAN_FRONTEND": "noninteractive", **settings}  # fmt: skip
        full = ["chroot", *who, str(self.root), *command]
        done = subprocess.run(full, env=values, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        told = f"{done.stdout[-800:]}{done.stderr[-800:]}"
        expect(done.returncode == 0, f"{' '.join(command)} → {done.returncode}\n{told}")
        return done.stdout.strip()

    def at(self, place: str) -> Path:
        return self.root / place.lstrip("/")

    def count(self) -> int:
        return len(self.inside("dpkg-query", "-W").splitlines())

    def install(self) -> str:
        """apt finds all that the package asks for; put over itself it stays whole."""
        before = self.count()
        shutil.copy(self.package, self.at("/tmp"))
        put = ("apt-get", "install", "-y", "-q", "--no-install-recommends", f"/tmp/{self.package.name}")
        self.inside("apt-get", "update", "-q")
        self.inside(*put)
        self.inside(*put, "--reinstall")
        self.inside("dpkg", "--audit")
        self.files = [f for f in self.inside("dpkg", "-L", NAME).splitlines() if not self.at(f).is_dir()]
        return f"{len(self.files)} fichiers, {self.count() - before - 1} paquets avec lui"

    def alone(self) -> str:
        """What serves is the Python that the package carries."""
        found = self.inside("sh", "-c", "command -v python3 python || true")
        expect(not found, f"il y a un Python : {found}")
        return "aucun Python dans le PATH"

    def libraries(self) -> str:
        """Every shipped library finds every library it is linked with, printing included."""
        seek = (f"find {PROGRAMS} -type f '(' -name '*.so' -o -name '*.so.*' ')' -print | "
                'while read -r f; do ldd "$f" 2>&1 | sed "s|^|$f: |"; done')  # fmt: skip
        lines = self.inside("sh", "-c", seek, LD_LIBRARY_PATH=f"{PROGRAMS}/_internal").splitlines()
        seen = {line.split(": ", 1)[0] for line in lines}
        missing = sorted({line.replace(PROGRAMS, "").strip() for line in lines if "not found" in line})
        expect(not missing, "il manque\n" + "\n".join(missing[:20]))
        expect(any("printsupport/libcups" in f for f in seen), "la bibliothèque d'impression n'est pas livrée")
        return f"{len(seen)} bibliothèques livrées, impression comprise, trouvent les leurs"

    def version(self) -> str:
        told = self.inside("erp-admin", "--version", clerk=True)
        expect(told == f"ERP MIF {erp_desktop.__version__}", f"version inattendue : {told}")
        expect(self.inside("erp-mif", "--version", clerk=True) == told, "les deux programmes diffèrent")
        return told

    def picture(self, name: str, **settings: str) -> str:
        place = f"{HOME}/{name}.png"
        self.inside("erp-mif", "--capture", place, clerk=True, **settings)
        colours, size = look(self.at(place))
        expect(colours > 20, f"image presque vide : {colours} couleurs")
        return f"{size[0]} × {size[1]}, {colours} couleurs"

    def first_window(self) -> str:
        return self.picture("premier-demarrage")

    def cache(self) -> str:
        """The clerk's database is made, and the window opens it."""
        self.inside("erp-admin", "db", "upgrade", "--cache", f"{DATA}/erp-mif.sqlite", clerk=True)
        size = self.at(f"{DATA}/erp-mif.sqlite").stat().st_size // 1024
        return f"base de {size} Kio, fenêtre {self.picture('fenetre', ERP_MODE='autonome')}"

    def papers(self) -> str:
        """The bon in both languages and the report, in PDF."""
        told = []
        wanted = {
            "bon-fr": ("papier", "preview", "bon_intervention", "--langue", "fr"),
            "bon-ar": ("papier", "preview", "bon_intervention", "--langue", "ar"),
            "rapport": ("report", "interventions", "--format", "pdf", "--cache", f"{DATA}/erp-mif.sqlite"),
        }
        for name, command in wanted.items():
            place = f"{HOME}/{name}.pdf"
            self.inside("erp-admin", *command, "--out", place, clerk=True)
            content = self.at(place).read_bytes()
            expect(content.startswith(b"%PDF-") and len(content) > 5_000, f"{name} : {len(content)} octets")
            told.append(f"{name} {len(content) // 1024} Kio")
        return ", ".join(told)

    def remove(self) -> str:
        """The program is gone, the clerk's data are not."""
        kept = self.data()
        self.inside("apt-get", "remove", "-y", "-q", NAME)
        left = [f for f in self.files if os.path.lexists(self.at(f))]
        expect(not left and not self.at(PROGRAMS).exists(), f"il reste {left[:5]}")
        expect(bool(kept) and self.data() == kept, "les données ont changé")
        return f"programme parti, {len(kept)} fichiers de l'agent gardés"

    def purge(self) -> str:
        """Nothing bears the name of the program but what the clerk has, and apt takes back what came with it."""
        kept = self.data()
        self.inside("apt-get", "purge", "-y", "-q", "--autoremove", NAME)
        self.at(f"/tmp/{self.package.name}").unlink()
        left = self.inside("find", "/", "-xdev", "-ipath", "*erp*mif*", "-not", "-path", f"{HOME}/*").splitlines()
        expect(not left, f"il reste {left[:5]}")
        told = self.inside("sh", "-c", f"grep -rlsi {NAME} /etc /usr/share /var/lib/dpkg/info || true")
        expect(not told, f"encore nommé dans {told}")
        expect(self.data() == kept, "les données ont changé")
        return f"rien ne reste que les données de l'agent ; {self.count()} paquets"

    def data(self) -> dict[str, int]:
        """The clerk's files and their sizes in bytes."""
        found = (f for f in self.at(HOME).rglob("*") if f.is_file())
        return {f.relative_to(self.root).as_posix(): f.stat().st_size for f in found}


def trial(package: Path, folder: Path) -> int:
    """Every step in its order, each with its result; the number of those that failed."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        say("ÉCHEC l'essai se fait en root, avec debootstrap (apt install debootstrap)")
        return 1
    bare = Bare(folder, package)
    bare.close()
    folder.parent.mkdir(parents=True, exist_ok=True)
    needed: tuple[Callable[[], str], ...] = (bare.make, bare.install)
    others: tuple[Callable[[], str], ...] = (
        bare.alone, bare.libraries, bare.version, bare.first_window, bare.cache, bare.papers, bare.remove, bare.purge,
    )  # fmt: skip
    failures = 0
    try:
        for step in (*needed, *others):
            started = time.monotonic()
            try:
                result, mark = step(), "ok   "
            except (TrialError, subprocess.SubprocessError, OSError) as error:
                result, mark = f"{type(error).__name__} : {error}", "ÉCHEC"
                failures += 1
            say(f"{mark} {step.__name__:<13} {time.monotonic() - started:5.1f} s  {result}")
            if failures and step in needed:
                break
    finally:
        bare.close()
    verdict = f"{failures} étape(s) en échec" if failures else "le paquet se suffit dans une Debian nue"
    say(f"verdict : {verdict}")
    return failures
