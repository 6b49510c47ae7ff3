"""What can go wrong, told by whose turn it is to act.

``UserError``: the person at the keyboard can mend it; the text is shown as written.
``UnavailableError``: the surroundings fail for now; shown in the status chip and tried again.
``SyncError``: the exchange with the centre is refused for a stated reason; nothing is lost.
Anything else is a bug.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping

_LOCKED = "accès refusé, ou fichier ouvert dans un autre programme"
RAISONS = {
    errno.ENOENT: "ce fichier n’existe pas", errno.EEXIST: "ce nom est déjà pris",
    errno.ENOTDIR: "ce n’est pas un dossier", errno.EISDIR: "c’est un dossier",
    errno.ENOTEMPTY: "ce dossier n’est pas vide", errno.EACCES: _LOCKED, errno.EPERM: _LOCKED,
    errno.EBUSY: "un autre programme s’en sert", errno.ETXTBSY: "un autre programme s’en sert",
    errno.EROFS: "ce disque est en lecture seule", errno.ENOSPC: "le disque est plein",
    errno.EFBIG: "ce disque ne prend pas de fichier aussi grand", errno.ENAMETOOLONG: "ce nom est trop long",
    errno.EINVAL: "ce nom ou cet appel n’est pas admis ici", errno.EIO: "le disque répond par une erreur",
    errno.ENODEV: "ce disque n’est plus là", errno.ENXIO: "ce disque n’est plus là",
    errno.EMFILE: "trop de fichiers sont ouverts", errno.ENFILE: "trop de fichiers sont ouverts",
    errno.ELOOP: "ce lien mène à lui-même",
}  # fmt: skip


def raison(error: OSError) -> str:
    """Why the system refused a file, in French and without a point; the system itself says it in its own language."""
    return RAISONS.get(error.errno or 0, f"erreur {error.errno} du système" if error.errno else "cause inconnue")


class ErpError(Exception):
    """Base of every expected error; ``str(error)`` is one French sentence for the user."""

    code = "erreur"


class UserError(ErpError):
    code = "refuse"


class ValidationError(UserError):
    """Fields that the domain refuses.

    Attributes:
        champs: field name → one French sentence.
    """

    code = "validation"

    def __init__(self, champs: Mapping[str, str]) -> None:
        self.champs = dict(champs)
        super().__init__(" ".join(self.champs.values()))


class Undone(Exception):  # noqa: N818 - no error: it ends a transaction that was only a trial
    """Undoes the transaction of a worker; what was found in it is the answer of the work.

    Attributes:
        found: plain data, read before it was undone.
    """

    def __init__(self, found: object = None) -> None:
        self.found = found
        super().__init__()


class DuplicateError(UserError):
    """What has to be of one row is another one's already.

    Attributes:
        champs: the field that repeats it, where one does, with the sentence.
    """

    code = "doublon"

    def __init__(self, words: str, champ: str = "") -> None:
        self.champs = {champ: words} if champ else {}
        super().__init__(words)


class OvertakenError(UserError):
    """Somebody changed the same fields since they were read: nothing was written over."""

    code = "depasse"


class TransitionError(UserError):
    code = "transition"


class NotAllowedError(UserError):
    code = "interdit"


class PasswordToChooseError(NotAllowedError):
    """The password is right, and somebody else gave it: it serves to choose one's own and for nothing else."""

    code = "mot_de_passe_a_choisir"


class DeviceRevokedError(NotAllowedError):
    """The centre no longer accepts this device."""


class DeviceErasedError(DeviceRevokedError):
    """This device was revoked, and its data is erased: nothing here can go on."""


class NotFoundError(UserError):
    code = "introuvable"


class UnavailableError(ErpError):
    code = "indisponible"


class CentralUnreachableError(UnavailableError):
    code = "centre_injoignable"


class CentralWaitsError(CentralUnreachableError):
    """The centre answers, and serves nobody for now."""


class OutcomeUnknownError(CentralUnreachableError):
    """The line was cut while the centre was confirming: what was sent is there whole, or not at all.

    Attributes:
        xid: the transaction, by which the centre can be asked later.
    """

    code = "issue_inconnue"

    def __init__(self, words: str, xid: str = "") -> None:
        self.xid = xid
        super().__init__(words)


class DatabaseBusyError(UnavailableError):
    code = "base_occupee"


class DiskFullError(UnavailableError):
    code = "disque_plein"


class DatabaseRefusedError(ErpError):
    """The file or server is not one that this program may write to; nothing was changed."""

    code = "base_refusee"


class DamagedError(DatabaseRefusedError):
    """The file is ours but cannot be read whole; it stays as it is until it is set aside."""

    code = "base_abimee"


class UnreadableError(DamagedError):
    """What waited in a damaged file cannot be read: its backup can only be taken without."""


class NotADatabaseError(DatabaseRefusedError):
    """Not a database at all, encrypted by another key, or ours with a damaged head: the bytes do not tell."""


class LostError(DamagedError):
    """A cache that was here is gone or empty: its backups and its unsent work are looked for before a new one."""

    code = "base_disparue"


class UpgradeError(ErpError):
    """An upgrade did not complete; the database is as it was before, or at the last committed revision."""

    code = "mise_a_niveau"


class FirstRunError(UpgradeError):
    """The first run after an upgrade did not end well; the backup made before it is still there."""

    code = "premier_demarrage"


class UpgradeCancelledError(UpgradeError):
    """The person who waited stopped the upgrade between two steps."""

    code = "mise_a_niveau_annulee"


class SyncError(ErpError):
    code = "synchronisation"


class SchemaMismatchError(SyncError):
    code = "schema_incompatible"


class MergeRefusedError(SyncError):
    code = "fusion_refusee"


class CloneDetectedError(SyncError):
    """The centre knows another history of this device: cloned disk or restored cache. The outbox is kept."""

    code = "clone"

    @classmethod
    def because(cls, detail: str) -> CloneDetectedError:
        """The refusal with ``detail``, what differs, and what to do."""
        return cls(
            f"Le centre connaît une autre suite de ce poste ({detail}) : disque cloné ou base restaurée. "
            "Rien n'est perdu ; réinscrivez ce poste (erp-admin device reenroll)."
        )
