#include <stddef.h>

#include "provisioning/officer_text_subjects.h"

static const struct officer_text_pair texts[TEXT_COUNT] = {
    [TEXT_BAD_GENERATION] =
        {"generation=%1 is no number of a record root: see `officer status`",
         "generation=%1 n'est pas le numéro d'une racine : voir `officer status`"},
    [TEXT_ROOT_ROLLS] = {"record root %1 is made; all rows are sealed again under it: see `officer "
                         "status`",
                         "la racine %1 des enregistrements est créée ; toutes les lignes sont "
                         "scellées à nouveau : voir `officer status`"},
    [TEXT_ROOT_SWEPT_AGAIN] = {"all rows are looked at again for record root %1",
                               "toutes les lignes sont revues pour la racine %1"},
    [TEXT_ROOT_REMOVED] = {"record root %1 is removed: a backup from before the roll cannot be "
                           "read with this registry's roots",
                           "la racine %1 est supprimée : une sauvegarde d'avant le renouvellement "
                           "n'est plus lisible avec les racines de ce registre"},
    [TEXT_ROOT_DRY_RUN] = {"record root %1: this could be done; nothing has changed",
                           "racine %1 : ce serait possible ; rien n'a changé"},
    [TEXT_ABOUT_ROOT_ROLL] =
        {"makes a new record root and seals all rows again, while the box works",
         "crée une nouvelle racine des enregistrements et scelle à nouveau "
         "toutes les lignes, sans arrêt de service"},
    [TEXT_ABOUT_ROOT_SWEEP] = {"looks once more for rows of older roots, after damaged ones were "
                               "replaced",
                               "cherche encore des lignes d'anciennes racines, une fois les lignes "
                               "abîmées remplacées"},
    [TEXT_ABOUT_ROOT_REMOVE] =
        {"removes an old record root for good; backups may need it",
         "supprime pour toujours une ancienne racine ; des sauvegardes peuvent "
         "en avoir besoin"},
};

const struct officer_text_pair *officer_text_root_pair(enum officer_text text) {
    return texts[text].english != NULL ? &texts[text] : NULL;
}
