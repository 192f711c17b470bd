#include <stddef.h>

#include "provisioning/officer_text_subjects.h"

static const struct officer_text_pair texts[TEXT_COUNT] = {
    [TEXT_KEYS_MADE] = {"the token made %1 keys; record root, salts and national settings are "
                        "stored",
                        "le jeton a créé %1 clés ; racine, sels et réglages nationaux sont "
                        "enregistrés"},
    [TEXT_KEYS_THERE] = {"the keys were there already; nothing of them has changed",
                         "les clés existaient déjà ; rien n'en a changé"},
    [TEXT_BAD_KEY_NAME] = {"%1 is no key: give a name of `officer key list`, such as IDA/SIGN/2",
                           "%1 n'est pas une clé : donnez un nom de `officer key list`, tel que "
                           "IDA/SIGN/2"},
    [TEXT_BAD_PURPOSE] = {"%1 is no purpose: give one of `officer key list`, such as IDA/SIGN",
                          "%1 n'est pas un usage : donnez-en un de `officer key list`, tel que "
                          "IDA/SIGN"},
    [TEXT_KEY_DRY_RUN] = {"%1: this could be done; nothing has changed",
                          "%1 : ce serait possible ; rien n'a changé"},
    [TEXT_KEY_ROLLS] = {"%1: the next key is on its way; see `officer key list`",
                        "%1 : la clé suivante se prépare ; voir `officer key list`"},
    [TEXT_KEY_KEPT] = {"%1 does not retire until `officer key retire` lets it",
                       "%1 ne se retire pas avant `officer key retire`"},
    [TEXT_KEY_LET_GO] = {"%1 may retire when its time has come; see `officer key list`",
                         "%1 peut se retirer quand son heure viendra ; voir `officer key list`"},
    [TEXT_KEY_DESTRUCTION] = {"%1 will be destroyed when its time has come",
                              "%1 sera détruite quand son heure viendra"},
    [TEXT_KEY_REVOKED] = {"%1 is revoked: within a few seconds nothing shows or uses it any more",
                          "%1 est révoquée : d'ici quelques secondes plus rien ne la montre ni ne "
                          "s'en sert"},
    [TEXT_CLOCK_SHOWN] = {"the box's clock says %1; the latest date of its keys is %2",
                          "l'horloge de l'appareil indique %1 ; la dernière date de ses clés est "
                          "%2"},
    [TEXT_CLOCK_CONFIRMED] = {"the time of the box counts as right, which cannot be taken back",
                              "l'heure de l'appareil est tenue pour juste, sans retour possible"},
    [TEXT_KEY_DESTROYED] = {"destroyed keys, not shown: %1 (`officer key list --all`)",
                            "clés détruites, non montrées : %1 (`officer key list --all`)"},
    [TEXT_KEY_NEXT_CLOCK] = {"the clock went far ahead: if it is right, `officer clock confirm`",
                             "l'horloge a beaucoup avancé : si elle est juste, `officer clock "
                             "confirm`"},
    [TEXT_KEY_NEXT_NOTHING] = {"next: nothing by itself; `officer key roll %1` asks for another",
                               "suite : rien sans ordre ; `officer key roll %1` en demande une "
                               "autre"},
    [TEXT_KEY_NEXT_NEVER] = {"next: nothing; keys of this purpose have no successors",
                             "suite : rien ; les clés de cet usage n'ont pas de remplaçante"},
    [TEXT_KEY_NEXT_GENERATE] = {"next: a key of %1 is made, in %2",
                                "suite : création d'une clé de %1, dans %2"},
    [TEXT_KEY_NEXT_PUBLISH] = {"next: %1 is published, in %2",
                               "suite : publication de %1, dans %2"},
    [TEXT_KEY_NEXT_ACTIVATE] = {"next: %1 becomes active, in %2",
                                "suite : %1 devient active, dans %2"},
    [TEXT_KEY_NEXT_RETIRE] = {"next: %1 retires, in %2", "suite : retrait de %1, dans %2"},
    [TEXT_KEY_NEXT_DESTROY] = {"next: %1 is destroyed, in %2",
                               "suite : destruction de %1, dans %2"},
    [TEXT_KEY_NEXT_WRAPPED] = {"keys of %1 made from now on are wrapped under the KEK",
                               "les clés de %1 créées désormais sont enveloppées sous la KEK"},
    [TEXT_KEY_NEXT_ROOM] = {"the next key of %1 waits for room: let older ones retire, or agree to "
                            "their destruction",
                            "la clé suivante de %1 attend une place : laissez de plus anciennes se "
                            "retirer, ou acceptez leur destruction"},
    [TEXT_KEY_NEXT_ORPHAN] = {"the next key of %1 is made once IDA/ROOT, or for a pepper IDA/KEK, "
                              "has an active key",
                              "la clé suivante de %1 sera créée quand IDA/ROOT, ou pour un poivre "
                              "IDA/KEK, aura une clé active"},
    [TEXT_BAD_CUSTODY] = {"%1 is no custody: give wrapped or token",
                          "%1 n'est pas un mode de garde : donnez wrapped ou token"},
    [TEXT_CUSTODY_WRAPPED] =
        {"keys of %1 made from now on are wrapped under the KEK, not in the token: while it "
         "works such a key is in the signer's memory, and the token does not protect it from "
         "whoever takes over the signer. Keys there are stay as they are: `officer key roll %1` "
         "makes the next one (`officer key initialise` where there is none)",
         "les clés de %1 créées désormais sont enveloppées sous la KEK, hors du jeton : au "
         "travail, "
         "une telle clé est dans la mémoire du signataire, et le jeton ne la protège pas de qui "
         "prendrait le contrôle du signataire. Les clés existantes restent telles quelles : "
         "`officer key roll %1` crée la suivante (`officer key initialise` s'il n'y en a pas)"},
    [TEXT_CUSTODY_TOKEN] =
        {"keys of %1 made from now on never leave the token. Keys there are stay as they are: "
         "`officer key roll %1` makes the next one",
         "les clés de %1 créées désormais ne quittent jamais le jeton. Les clés existantes restent "
         "telles quelles : `officer key roll %1` crée la suivante"},
    [TEXT_USAGE_SINCE] = {"%1: requests encrypted to it, counted since %2",
                          "%1 : requêtes chiffrées pour elle, comptées depuis %2"},
    [TEXT_USAGE_HEAD] =
        {"programme                         share      hour       day   30 days terminals",
         "programme                          part     heure      jour  30 jours terminaux"},
    [TEXT_USAGE_LEFT_OUT] = {"not shown: %1 more programmes, %2 more terminals",
                             "non montrés : %1 autres programmes, %2 autres terminaux"},
    [TEXT_USAGE_SILENT] =
        {"%1 asked nothing in the last day: its share is of the last one it did",
         "%1 n'a rien demandé depuis un jour : sa part est celle de son dernier jour"},
    [TEXT_USAGE_SHORT] = {"less than a day has been counted: until then no key retires",
                          "moins d'un jour a été compté : d'ici là aucune clé ne se retire"},
    [TEXT_USAGE_UNCOUNTED] =
        {"some uses found no room and are not in the table: raise key-use-rows",
         "des usages n'ont pas trouvé de place : augmentez key-use-rows"},
    [TEXT_USAGE_BREAKS] = {"without this key %1 has %2 of its requests refused",
                           "sans cette clé, %1 voit refuser %2 de ses requêtes"},
    [TEXT_USAGE_BREAKS_NOBODY] = {"without %1 nobody's requests are refused",
                                  "sans %1, aucune requête n'est refusée"},
    [TEXT_ABOUT_KEY_INITIALISE] = {"makes all keys of a new box; safe to run again",
                                   "crée toutes les clés d'un appareil neuf ; peut être relancé"},
    [TEXT_ABOUT_KEY_LIST] = {"shows each key: its state, its dates, and what comes next",
                             "montre chaque clé : son état, ses dates et la suite"},
    [TEXT_ABOUT_KEY_ROLL] = {"asks for the next key of a purpose: made, shown to all, then active",
                             "demande la clé suivante d'un usage : créée, montrée à tous, puis "
                             "active"},
    [TEXT_ABOUT_KEY_KEEP] = {"keeps a key from retiring", "empêche une clé de se retirer"},
    [TEXT_ABOUT_KEY_USAGE] = {"shows which programmes and terminals still encrypt to a key",
                              "montre quels programmes et terminaux chiffrent pour une clé"},
    [TEXT_ABOUT_KEY_RETIRE] = {"lets a key that was kept retire when its time has come",
                               "laisse une clé gardée se retirer quand son heure vient"},
    [TEXT_ABOUT_KEY_CUSTODY] =
        {"chooses where the next keys that requests are encrypted to are kept: in the token, or "
         "wrapped under the KEK",
         "choisit où sont gardées les prochaines clés de chiffrement des requêtes : dans le jeton, "
         "ou enveloppées sous la KEK"},
    [TEXT_ABOUT_KEY_DESTROY] = {"agrees that a retired or revoked key is destroyed",
                                "consent à la destruction d'une clé retirée ou révoquée"},
    [TEXT_ABOUT_KEY_REVOKE] = {"revokes a key, once its successor has taken over",
                               "révoque une clé, dès que sa remplaçante a pris la suite"},
    [TEXT_ABOUT_CLOCK_CONFIRM] = {"says that the time of the box is right, after a jump",
                                  "déclare juste l'heure de l'appareil, après un saut"},
    [TEXT_ABOUT_KEY_SHOW] = {"shows what the box publishes: certificates and key set",
                             "montre ce que l'appareil publie : certificats et jeu de clés"},
};

const struct officer_text_pair *officer_text_key_pair(enum officer_text text) {
    return texts[text].english != NULL ? &texts[text] : NULL;
}
