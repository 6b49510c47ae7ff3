"""The columns of our interventions, with their client and machine, as morango wants them."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from morango.models.core import SyncableModel


class User(AbstractBaseUser):
    username = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "username"
    objects = BaseUserManager()

    def has_morango_certificate_scope_permission(self, scope_definition_id, scope_params):
        return True


class _Row(SyncableModel):
    morango_profile = "erp"
    agence = models.CharField(max_length=32)
    """Identifier of the root certificate: the partition of the branch."""
    created_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(null=True, blank=True)
    created_by = models.BigIntegerField(null=True, blank=True)

    class Meta:
        abstract = True

    def calculate_source_id(self):
        return None

    def calculate_partition(self):
        return f"{self.agence}:{self.morango_model_name}"


class Client(_Row):
    morango_model_name = "client"
    nom_entreprise = models.CharField(max_length=200)
    ville = models.CharField(max_length=100, blank=True, null=True)


class Equipement(_Row):
    morango_model_name = "equipement"
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    nom = models.CharField(max_length=200)
    code_interne = models.CharField(max_length=50, db_index=True)


class Intervention(_Row):
    morango_model_name = "intervention"
    numero = models.CharField(max_length=40, db_index=True)
    titre = models.CharField(max_length=200)
    description = models.TextField()
    type = models.CharField(max_length=20)
    statut = models.CharField(max_length=20, db_index=True)
    priorite = models.CharField(max_length=20, db_index=True)
    urgence = models.BooleanField(default=False)
    equipement = models.ForeignKey(Equipement, on_delete=models.CASCADE)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    contrat = models.BigIntegerField(null=True, blank=True, db_index=True)
    technicien = models.BigIntegerField(null=True, blank=True, db_index=True)
    date_creation = models.DateTimeField(db_index=True)
    date_planifiee = models.DateTimeField(null=True, blank=True, db_index=True)
    zone_planifiee = models.CharField(max_length=40, blank=True, null=True)
    date_limite = models.DateTimeField(null=True, blank=True, db_index=True)
    date_debut_travaux = models.DateTimeField(null=True, blank=True)
    date_fin_travaux = models.DateTimeField(null=True, blank=True)
    date_cloture = models.DateTimeField(null=True, blank=True)
    duree_estimee = models.IntegerField(null=True, blank=True)
    duree_reelle = models.IntegerField(null=True, blank=True)
    temps_deplacement = models.IntegerField(null=True, blank=True)
    diagnostic = models.TextField(blank=True, null=True)
    travaux_realises = models.TextField(blank=True, null=True)
    recommandations = models.TextField(blank=True, null=True)
    notes_internes = models.TextField(blank=True, null=True)
    cout_externe = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    satisfaction_client = models.IntegerField(null=True, blank=True)
