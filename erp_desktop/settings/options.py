"""Every option of the program, typed and described in one place; where values come from is ``sources``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from erp_desktop import paths


class Mode(StrEnum):
    """Which database the program works on."""

    AUTONOME = "autonome"
    AGENCE = "agence"
    CENTRE = "centre"


class CentralUpgrade(StrEnum):
    AUTO = "auto"
    ASK = "ask"
    NEVER = "never"


class Settings(BaseSettings):
    """See each field's description; ``docs/reglages.md`` is written from them."""

    model_config = SettingsConfigDict(env_prefix="ERP_", extra="ignore")

    mode: Mode | None = Field(
        None, description="autonome, agence ou centre ; vide : l'assistant de premier démarrage."
    )
    data_dir: Path = Field(default_factory=paths.data_dir, description="Dossier des données de ce poste.")
    log_dir: Path = Field(default_factory=paths.log_dir, description="Dossier des journaux.")
    cache_name: str = Field("erp-mif.sqlite", description="Nom du fichier de la base locale.")
    central_url: str | None = Field(
        None,
        description="Adresse PostgreSQL du centre, sans mot de passe ; de plusieurs serveurs "
        "(s1:5432,s2:5432), celui qui écrit.",
    )
    central_read_url: str | None = Field(
        None,
        description="Adresse d'une réplique du centre, pour les rapports et le tableau de bord ; vide : le centre.",
    )
    secrets_file: Path | None = Field(None, description="Fichier 0600 des secrets, à la place du trousseau.")
    password: SecretStr | None = Field(None, description="Mot de passe PostgreSQL, sinon trousseau ou .pgpass.")
    central_upgrade: CentralUpgrade = Field(
        CentralUpgrade.ASK, description="Mise à niveau du centre au démarrage par un rôle migrateur."
    )
    language: str = Field("fr", pattern="^(fr|ar|en)$", description="Langue de l'interface.")
    theme: str = Field("systeme", pattern="^(systeme|clair|sombre)$", description="Thème de l'interface.")
    sync_interval_s: float = Field(5.0, gt=0, description="Secondes entre deux cycles de synchronisation.")
    sync_batch: int = Field(5000, ge=1, le=50000, description="Unités par lot envoyé.")
    connect_timeout_s: int = Field(5, ge=1, description="Secondes avant de déclarer le centre injoignable.")
    cycle_deadline_s: float = Field(120.0, gt=0, description="Secondes accordées à un cycle complet.")
    documents_quota_mo: int = Field(500, ge=10, description="Mo réservés aux documents sur ce poste.")
    documents_budget_ko: int = Field(1024, ge=64, description="Ko de documents échangés entre deux cycles.")
    documents_days: int = Field(
        30, ge=0, description="Les documents des derniers jours viennent d'eux-mêmes ; 0 : sur demande seulement."
    )
    scanner_dir: Path | None = Field(
        None,
        description="Dossier où un scanner dépose ses pages : l'onglet Documents propose les nouvelles.",
    )
    offline_login_days: int = Field(
        30, ge=0, le=30, description="Jours de connexion hors ligne après la dernière en ligne ; 30 au plus."
    )
    idle_lock_minutes: int = Field(
        15, ge=0, le=1440, description="Minutes sans clavier ni souris avant le verrouillage de l'écran ; 0 : jamais."
    )
    templates_dir: Path | None = Field(
        None, description="Dossier des modèles d'imprimés de l'entreprise ; un fichier y remplace celui du même nom."
    )
    smtp_host: str | None = Field(None, description="Serveur de courriel qui envoie les rapports planifiés.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port du serveur de courriel.")
    smtp_tls: bool = Field(True, description="Chiffrer la liaison au serveur de courriel (STARTTLS).")
    smtp_user: str | None = Field(None, description="Identifiant au serveur de courriel ; vide : sans.")
    smtp_password: SecretStr | None = Field(None, description="Mot de passe au serveur de courriel.")
    smtp_from: str | None = Field(None, description="Adresse qui envoie les rapports.")
    backups_kept: int = Field(3, ge=1, description="Sauvegardes datées gardées avant mise à niveau.")
    update_source: str | None = Field(
        None,
        description="Dossier ou adresse https:// où l'informatique dépose les nouvelles versions ; vide : aucun.",
    )
    update_authority: Path | None = Field(
        None,
        description="Fichier PEM de l'autorité du certificat de cette adresse ; vide : celles du système.",
    )
    update_key: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="Clé publique qui signe les versions (erp-admin release key)."
    )
    demo: bool = Field(False, description="Démonstration : montre l'interrupteur « Couper la ligne ».")
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Ce que le journal retient au moins."
    )

    @field_validator("central_url", "central_read_url")
    @classmethod
    def _a_server(cls, value: str | None) -> str | None:
        """An address that cannot be one is said at the start, not at the first exchange."""
        if value is not None:
            parts = urlsplit(value)
            if not parts.scheme.startswith("postgresql") or not parts.hostname or not parts.path.strip("/"):
                raise ValueError("adresse")
            if parts.password is not None:
                raise ValueError("mot de passe")
        return value

    @field_validator("cache_name")
    @classmethod
    def _a_name(cls, value: str) -> str:
        if not value.strip() or Path(value).name != value:
            raise ValueError("nom de fichier")
        return value

    @property
    def cache(self) -> Path:
        return self.data_dir / self.cache_name

    @property
    def archives(self) -> Path:
        """Folder of the centre's archives, made before an upgrade or a way back."""
        return self.data_dir / "sauvegardes-centre"

    @property
    def documents_quota(self) -> int:
        """Bytes."""
        return self.documents_quota_mo * 1_048_576

    @property
    def file(self) -> Path:
        return self.data_dir / "reglages.json"
