"""Devices: the list of the centre, one device with what it last reported, and its revocation."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from erp_desktop import clock
from erp_desktop.domain.people.acteur import Acteur
from erp_desktop.errors import ErpError, NotAllowedError
from erp_desktop.sync.device import provisioning
from erp_desktop.sync.device.registration import Revocation
from erp_desktop.sync.watch import roster
from erp_desktop.sync.watch.roster import DeviceRow
from erp_desktop.ui.administration.acts import changed
from erp_desktop.ui.administration.desktops.facts import DeviceFacts, room, schema, silence, skew, whole_schema
from erp_desktop.ui.administration.people import OF_AGENCY
from erp_desktop.ui.forms.panel import FormPanel
from erp_desktop.ui.forms.part import RecordPart
from erp_desktop.ui.forms.spec import FormSpec, Head, sans_motif
from erp_desktop.ui.kit import icons, paint
from erp_desktop.ui.kit.controls import Button, ErrorLine, LineEdit, Text, clear
from erp_desktop.ui.kit.i18n import colon, isolate, number, tr
from erp_desktop.ui.kit.surfaces import Banner, Card
from erp_desktop.ui.kit.table import Column
from erp_desktop.ui.kit.theme import theme
from erp_desktop.ui.lists.spec import Facet, ListSpec, Shortcut
from erp_desktop.ui.wording import value_labels as labels

_STATES = {"actif": "Actif", "vole": "Volé", "retire": "Retiré", "remplace": "Remplacé", "attendu": "Attendu"}


def name(row: DeviceRow) -> str:
    """What a device is called; who made its code need not have named it."""
    return tr("à inscrire") if row.etat == "attendu" and row.nom == provisioning.UNNAMED else row.nom


def lag(row: DeviceRow) -> tuple[str, float]:
    """The bar of a device's silence: full and red beyond a day."""
    if row.etat != "actif" or row.silence_s is None:
        return "none", 0.0
    share = min(1.0, row.silence_s / (7 * 86400) + 0.06)
    state = "ok" if row.silence_s < roster.SOON_S else "soon" if row.silence_s < roster.LATE_S else "late"
    return state, share


def state(row: DeviceRow) -> tuple[str, str]:
    if row.etat == "attendu":
        return "en_attente", tr(_STATES[row.etat])
    if row.etat != "actif":
        return "archivee", tr(_STATES.get(row.etat, row.etat))
    if row.exclu:
        return "en_cours", tr("Schéma ancien")
    if row.en_ligne:
        return "cloturee/cloud-check", tr("En ligne")
    look = paint.ALERT if lag(row)[0] == "late" else "en_attente"
    return f"{look}/cloud-slash", tr("Hors ligne")


def _since(row: DeviceRow) -> tuple[str, str]:
    """The same, and for how long a device has been away."""
    look, words = state(row)
    away = row.etat == "actif" and not row.exclu and not row.en_ligne and row.silence_s is not None
    return look, tr("Hors ligne depuis {duree}", duree=silence(row.silence_s)) if away else words


def _awaited(row: DeviceRow) -> str:
    """What the code of a device to come is worth."""
    if row.expire_a is None:
        return tr("Ce poste est attendu : son code n'a pas encore servi.")
    when = labels.instant(row.expire_a, year=True)
    if row.expire_a <= clock.now():
        return tr("Le code de ce poste a expiré le {quand} sans avoir servi : faites-en un autre.", quand=when)
    return tr("Ce poste est attendu : son code n'a pas encore servi, et vaut jusqu'au {quand}.", quand=when)


def _wrong_clock(row: DeviceRow) -> str:
    """Which way a clock is wrong, and what to do about it."""
    by = silence(abs(row.horloge_s or 0))
    if (row.horloge_s or 0) > 0:
        return tr("L'horloge de ce poste avance de {duree} : la remettre à l'heure du réseau.", duree=by)
    return tr("L'horloge de ce poste retarde de {duree} : la remettre à l'heure du réseau.", duree=by)


def _draw_name(painter: QPainter, rect: QRect, row: DeviceRow, rtl: bool) -> None:
    """What a device is called, and a mark where its clock is wrong; pale once it is out of service."""
    look, room = theme(), QRect(rect)
    gone = row.etat not in ("actif", "attendu")
    if roster.off(row):
        room.setWidth(room.width() - 22)
        box = QRect(rect.right() - 17, rect.y(), 16, rect.height())
        ink = look.color("semantic.danger.text")
        icons.draw(painter, paint.visual(rtl, rect, box), "warning", ink, 14, "fill")
    paint.text(painter, paint.visual(rtl, rect, room), name(row), rtl=rtl,
               font=look.font("body" if gone else "strong"),
               colour=look.color("text.tertiary" if gone else "text.primary"))  # fmt: skip


def _told_name(row: DeviceRow) -> str:
    return f"{name(row)}{colon()}{tr('Horloge')} {skew(row)}" if roster.off(row) else name(row)


def waiting(row: DeviceRow) -> str:
    """How many changes wait there; a dash where none does."""
    return number(row.en_attente) if row.en_attente else labels.NONE


def _draw_schema(painter: QPainter, rect: QRect, row: DeviceRow, rtl: bool) -> None:
    """Amber when a device is behind, red when it is too old to exchange."""
    look = theme()
    ink = "semantic.danger.text" if row.exclu else "semantic.warning.text" if row.en_retard else "text.secondary"
    paint.text(painter, rect, schema(row), rtl=rtl, font=look.font("body"), colour=look.color(ink))


def _told_waiting(row: DeviceRow) -> str:
    return f"⚠ {waiting(row)}" if roster.waits_long(row) else waiting(row)


def _draw_waiting(painter: QPainter, rect: QRect, row: DeviceRow, rtl: bool) -> None:
    """How many changes wait there: strong when there are any for long, on a red chip after a day."""
    look = theme()
    if roster.waits_long(row):
        paint.alert_chip(painter, rect, waiting(row))
        return
    aged = row.attente_s is not None and row.attente_s > roster.SOON_S
    paint.text(painter, rect, waiting(row), rtl=rtl, font=look.font("strong" if aged else "body", tabular=True),
               colour=look.color("text.primary" if aged else "text.secondary"), end=True)  # fmt: skip


def _left_behind(row: DeviceRow, *, stolen: bool) -> str:
    """What a revocation does with the changes that a device announced."""
    n = number(row.en_attente)
    if stolen:
        return tr("Le poste n'envoie plus rien et ses données y sont effacées à son prochain contact : "
                  "ses {n} changements en attente sont perdus.", n=n) if row.en_attente else tr(
                  "Le poste n'envoie plus rien et ses données y sont effacées à son prochain contact. "
                  "Rien n'y attendait à son dernier échange.")  # fmt: skip
    return tr("Le poste remet ce qu'il a encore ({n} changements annoncés), puis ses données y sont effacées.",
              n=n) if row.en_attente else tr(
              "Rien n'attendait sur le poste à son dernier échange. Il remet ce qu'il aurait fait depuis, puis ses "
              "données y sont effacées.")  # fmt: skip


def _never(_acteur: Acteur, _record: Any = None) -> bool:
    return False


def _refuse(*_arguments: Any) -> Any:
    raise NotAllowedError("Un poste s'inscrit sur le poste lui-même : « Rejoindre une agence », ou device enroll.")


class DeviceBar(RecordPart):
    """What to do about a device; revoking asks for its name, because its changes stay behind."""

    def __init__(self, panel: FormPanel) -> None:
        super().__init__()
        self._panel = panel
        self._row_id: int | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 14, 4)
        column.setSpacing(8)
        self._advice = QVBoxLayout()
        column.addLayout(self._advice)
        row = QHBoxLayout()
        self.revoke_button = Button(tr("Révoquer…"), "danger", icon="prohibit", on_click=lambda: self._ask(False))
        self.stolen_button = Button(tr("Volé…"), "danger", icon="warning-octagon", on_click=lambda: self._ask(True))
        row.addWidget(self.revoke_button)
        row.addWidget(self.stolen_button)
        row.addStretch()
        column.addLayout(row)
        self.withdraw_button = Button(tr("Retirer le code"), "danger", icon="prohibit", on_click=self.withdraw)
        row.insertWidget(0, self.withdraw_button)
        # Below the others: beside them its words are cut in a narrow form.
        self.copying = Button(tr("Copier la réinscription"), icon="copy", on_click=self.copy_command)
        column.addWidget(self.copying, 0, Qt.AlignmentFlag.AlignLeading)
        self.entry = Card("surface.sunken")
        self.told = Text("", "body", wrap=True)
        self.entry.box.addWidget(self.told)
        self.name = LineEdit(tr("Nom du poste"))
        self.name.setAccessibleName(tr("Nom du poste"))
        self.name.returnPressed.connect(self.confirm)
        self.entry.box.addWidget(self.name)
        self.trouble = ErrorLine()
        self.entry.box.addWidget(self.trouble)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(Button(tr("Abandonner"), on_click=self.entry.hide))
        foot.addWidget(Button(tr("Révoquer"), "danger", on_click=self.confirm))
        self.entry.box.addLayout(foot)
        self.entry.hide()
        column.addWidget(self.entry)
        self._stolen = False
        self._record: DeviceRow | None = None
        self.hide()

    def show_record(self, row_id: int | None, record: Any) -> None:
        if row_id != self._row_id:
            self.entry.hide()
        self._row_id, self._record = row_id, record
        clear(self._advice)
        self.setVisible(record is not None)
        if record is None:
            return
        active = record.etat == "actif"
        self.revoke_button.setVisible(active)
        self.stolen_button.setVisible(active)
        self.copying.setVisible(record.etat != "attendu")
        self.withdraw_button.setVisible(record.etat == "attendu")
        if record.etat == "attendu":
            self._advice.addWidget(Banner("info", _awaited(record)))
        elif not active:
            words = tr("Ce poste ne se connecte plus, et ses données y sont effacées à son contact suivant. "
                       "Pour qu'il revienne, on l'inscrit comme un poste neuf, sur un autre fichier.")  # fmt: skip
            self._advice.addWidget(Banner("info", words))
        elif record.exclu:
            words = tr("Appeler l'agence et mettre à jour le programme : ce poste n'échange plus, et garde tout.")
            self._advice.addWidget(Banner("danger", words))
        elif record.silence_s is not None and record.silence_s > roster.LATE_S:
            words = tr("Appeler l'agence et ouvrir le programme avec le réseau : il envoie et reçoit de lui-même.")
            self._advice.addWidget(Banner("warning", words))
        if roster.off(record):
            self._advice.addWidget(Banner("danger", _wrong_clock(record)))

    def escape(self) -> bool:
        if self.entry.isHidden():
            return False
        self.entry.hide()
        return True

    def copy_command(self) -> None:
        """The line that brings a cloned, restored or retired desktop back, to be typed on it; it holds no secret."""
        if self._record is not None:
            record = self._record
            # An erased file is taken back by nobody: such a desktop begins anew.
            gone = record.etat in ("retire", "vole")
            command = f"enroll --cache FICHIER_NEUF --url CENTRE --agence {record.agence}"
            command = command if gone else "reenroll --cache FICHIER"
            QGuiApplication.clipboard().setText(f'erp-admin device {command} --name "{record.nom}"')
            words = tr("Copié : à taper sur le poste, avec son fichier ; l'identifiant du centre y est demandé.")
            self._panel.contexte.say(words)

    def _ask(self, stolen: bool) -> None:
        self._stolen = stolen
        words = _left_behind(self._record, stolen=stolen) if self._record is not None else ""
        self.told.setText(f"{words} {tr('Recopiez son nom pour confirmer.')}")
        self.name.clear()
        self.trouble.say("")
        self.entry.show()
        self.name.setFocus()

    def withdraw(self) -> None:
        """Take back a code before its file enrols anybody."""
        row_id, contexte = self._row_id, self._panel.contexte
        if row_id is None:
            return

        def done(_none: object) -> None:
            self._panel.close_panel()
            contexte.say(tr("Code retiré : son fichier n'inscrit plus aucun poste"))
            changed(self._panel, "postes", row_id)

        contexte.tasks.run(lambda session: roster.withdraw(session, contexte.acteur, row_id), done, owner=self)

    def confirm(self) -> None:
        """Revoke the device whose name was typed."""
        row_id, typed, stolen, contexte = self._row_id, self.name.text(), self._stolen, self._panel.contexte
        if row_id is None:
            return

        def done(left: Revocation) -> None:
            self.entry.hide()
            rest = " ".join(left.reste)
            words = tr("Poste révoqué, {n} sessions terminées", n=number(left.sessions))
            contexte.say(f"{words}. {tr('À faire :')} {rest}" if rest else words)
            changed(self._panel, "postes", row_id)

        def refused(error: Exception) -> None:
            if isinstance(error, ErpError):
                self.trouble.say(str(error))
            else:
                contexte.tasks.failed.emit(error)

        contexte.tasks.run(
            lambda session: roster.revoke(session, contexte.acteur, row_id, typed, stolen=stolen), done, refused,
            owner=self,
        )  # fmt: skip


DEVICES: ListSpec[DeviceRow] = ListSpec(
    title="Postes",
    icon="desktop",
    placeholder="Filtrer : etat:hors_ligne agence:cas, un nom, une version",
    columns=[
        Column("nom", "Poste", 130, _told_name, "strong", stretch=True, draw=_draw_name),
        Column("agence", "Agence", 62, lambda r: isolate(r.agence)),
        Column("version", "Version", 64, lambda r: isolate(r.version) if r.version else labels.NONE, "code"),
        Column("revision", "Schéma", 60, schema, "code", full=whole_schema, draw=_draw_schema, leaves=1),
        Column("silence_s", "Vu", 92, lambda r: labels.instant(r.vu_a), "code", numeric=True),
        Column("en_attente", "À envoyer", 82, _told_waiting, "figure", numeric=True, draw=_draw_waiting),
        Column("", "Retard", 104, lambda r: "" if lag(r)[0] == "none" else silence(r.silence_s), "sla", numeric=True,
               value=lag),
        Column("usager", "Dernier usager", 120, lambda r: isolate(r.usager) if r.usager else labels.NONE, "muted",
               hidden=True),
        Column("cache", "Base locale", 92, room, "code", numeric=True, hidden=True),
        Column("horloge_s", "Horloge", 84, skew, "code", numeric=True, hidden=True),
        Column("etat", "État", 108, lambda r: state(r)[1], "pill", value=lambda r: state(r)[0]),
    ],
    row_id=lambda row: row.id,
    ids=roster.ids,
    rows=roster.rows,
    one="1 poste",
    many="{n} postes",
    empty="Aucun poste ne répond à ces critères",
    new="",
    form=FormSpec(
        kind="admin-postes",
        table="postes",
        icon="desktop",
        new_title="Poste",
        groups=[],
        load=roster.get,
        create=_refuse,
        update=_refuse,
        head=lambda r: Head(code=f"{r.id:02d} · {r.agence}", title=name(r), tab=name(r), status=_since(r)),
        saved="",
        created="",
        may_write=_never, why_not=sans_motif,
        bar=DeviceBar,
        below=DeviceFacts,
    ),
    sort="silence_s",
    facets=[
        Facet("etat", "État", options=lambda: [
            ("actif", tr("Actifs")), ("hors_ligne", tr("Hors ligne > 24 h")), ("ancien", tr("Schéma ancien")),
            ("attente", tr("À envoyer depuis > 24 h")), ("horloge", tr("Horloge fausse")),
            ("revoque", tr("Révoqués")),
        ]),
        Facet("version", "Version", search=roster.versions),
        OF_AGENCY,
    ],
    shortcuts=[
        Shortcut("etat", "hors_ligne", "Hors ligne > 24 h", "cloud-slash", tone=""),
        Shortcut("etat", "ancien", "Schéma ancien", "warning"),
    ],
    may_create=_never,
)  # fmt: skip
