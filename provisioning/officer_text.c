#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "provisioning/officer_text.h"
#include "provisioning/officer_text_refusal.h"

static const struct officer_text_pair texts[TEXT_COUNT] = {
    [TEXT_INTRODUCTION] = {"officer: what security officers do on this machine.\n"
                           "usage: officer [--socket PATH] NOUN VERB [KEY=VALUE…]",
                           "officer : le travail des officiers de sécurité sur cette machine.\n"
                           "usage : officer [--socket CHEMIN] NOM VERBE [CLÉ=VALEUR…]"},
    [TEXT_OPTIONS] = {"\n  --socket PATH  provd's socket (default /run/idcs/officer.sock)\n"
                      "  --version, --help; `officer NOUN --help` shows one noun.\n"
                      "Exit status: 0 done, 1 refused or unavailable, 2 the command or a file is "
                      "wrong.",
                      "\n  --socket CHEMIN  la socket de provd (par défaut "
                      "/run/idcs/officer.sock)\n"
                      "  --version, --help ; `officer NOM --help` montre un seul nom.\n"
                      "Code de sortie : 0 fait, 1 refusé ou indisponible, 2 commande ou fichier "
                      "incorrect."},
    [TEXT_EXAMPLE] = {"      example: %1", "      exemple : %1"},
    [TEXT_UNKNOWN_NOUN] = {"there is no '%1': `officer --help` lists what there is",
                           "« %1 » n'existe pas : `officer --help` montre ce qui existe"},
    [TEXT_UNKNOWN_VERB] = {"'%1' has no verb '%2': `officer %1 --help` lists them",
                           "« %1 » n'a pas de verbe « %2 » : `officer %1 --help` les montre"},
    [TEXT_UNKNOWN_ARGUMENT] = {"'%1' is not an argument here: use %2",
                               "« %1 » n'est pas un argument ici : utilisez %2"},
    [TEXT_MISSING_ARGUMENT] = {"%1= is missing: use %2", "%1= manque : utilisez %2"},
    [TEXT_DOUBLE_ARGUMENT] = {"%1= is given twice: keep one",
                              "%1= est donné deux fois : gardez-en un"},
    [TEXT_BAD_TIME] = {"%1: '%2' is no date: write 2027-12-31 or 2027-12-31T23:59:59.000Z",
                       "%1 : « %2 » n'est pas une date : écrivez 2027-12-31 ou "
                       "2027-12-31T23:59:59.000Z"},
    [TEXT_BAD_STATUS] = {"%1: '%2' is no status: write active, suspended or deleted",
                         "%1 : « %2 » n'est pas un état : écrivez active, suspended ou deleted"},
    [TEXT_TOO_LONG] = {"%1 is too long: shorten it to %2 bytes",
                       "%1 est trop long : raccourcissez-le à %2 octets"},

    [TEXT_CANNOT_READ] = {"%1: %2: check the path and its permissions",
                          "%1 : %2 : vérifiez le chemin et ses droits"},
    [TEXT_FILE_TOO_LARGE] = {"%1 is larger than %2 bytes: split it or check that it is the right "
                             "file",
                             "%1 dépasse %2 octets : divisez-le ou vérifiez que c'est le bon "
                             "fichier"},
    [TEXT_FILE_EMPTY] = {"%1 is empty: check that it is the right file",
                         "%1 est vide : vérifiez que c'est le bon fichier"},
    [TEXT_BAD_KEY_FILE] = {"%1 must hold one line, the key, of 16 to 127 letters, digits or ._~-",
                           "%1 doit contenir une seule ligne, la clé, de 16 à 127 lettres, "
                           "chiffres ou ._~-"},
    [TEXT_NOT_JSON] = {"%1 is not strict JSON: %2", "%1 n'est pas du JSON strict : %2"},
    [TEXT_MEMBER_UNKNOWN] = {"%1: '%2' is not a member here: remove it or correct its name",
                             "%1 : « %2 » n'est pas un membre ici : retirez-le ou corrigez son "
                             "nom"},
    [TEXT_MEMBER_MISSING] = {"%1: '%2' is missing: add it", "%1 : « %2 » manque : ajoutez-le"},
    [TEXT_MEMBER_TYPE] = {"%1: '%2' has the wrong type: see officer(1) for the format",
                          "%1 : « %2 » n'a pas le bon type : voir officer(1) pour le format"},
    [TEXT_MEMBER_VALUE] = {"%1: '%2' has a value that is not allowed: see officer(1)",
                           "%1 : « %2 » a une valeur non admise : voir officer(1)"},
    [TEXT_MEMBER_TOO_LONG] = {"%1: '%2' is too long: shorten it",
                              "%1 : « %2 » est trop long : raccourcissez-le"},
    [TEXT_PERSON_TOO_LARGE] = {"%1: this person does not fit into a record: shorten the attributes",
                               "%1 : cette personne n'entre pas dans un enregistrement : "
                               "raccourcissez les attributs"},
    [TEXT_BAD_HOTLISTED] = {"%1: 'hotlisted' is true, false or the date until which this person is "
                            "blocked: write true, false or \"2027-12-31\"",
                            "%1 : « hotlisted » est true, false ou la date jusqu'à laquelle cette "
                            "personne est bloquée : écrivez true, false ou \"2027-12-31\""},
    [TEXT_PHOTO_TOO_LARGE] = {"%1: the photo is larger than %2 bytes: scale it down or compress it "
                              "more",
                              "%1 : la photo dépasse %2 octets : réduisez-la ou compressez-la "
                              "davantage"},
    [TEXT_PHOTO_NO_IMAGE] = {"%1: the photo is not a JPEG or JPEG 2000 file in base64: export it "
                             "again in one of these formats",
                             "%1 : la photo n'est pas un fichier JPEG ou JPEG 2000 en base64 : "
                             "exportez-la de nouveau dans un de ces formats"},
    [TEXT_PART_UNKNOWN] =
        {"%1: '%2' is no part of the body here: write \"Right Thumb\", \"Left IndexFinger\" and so "
         "on for fingers, \"Left\" or \"Right\" for irises, \"Face\"",
         "%1 : « %2 » n'est pas une partie du corps ici : écrivez \"Right Thumb\", \"Left "
         "IndexFinger\" etc. pour les doigts, \"Left\" ou \"Right\" pour les iris, \"Face\""},
    [TEXT_RECORD_NOT_BASE64] = {"%1: '%2' must be a list of biometric records in base64, none "
                                "empty: encode the files again",
                                "%1 : « %2 » doit être une liste d'enregistrements biométriques en "
                                "base64, aucun vide : encodez de nouveau les fichiers"},
    [TEXT_RECORDS_TOO_LARGE] = {"%1: this person's biometric records are larger than %2 bytes in "
                                "all: send templates (minutiae) instead of images, or fewer "
                                "impressions",
                                "%1 : les enregistrements biométriques de cette personne dépassent "
                                "%2 octets en tout : envoyez des gabarits (minuties) au lieu "
                                "d'images, ou moins d'impressions"},
    [TEXT_RECORDS_MANY] = {"%1: this person has more than %2 biometric records: keep the best",
                           "%1 : cette personne a plus de %2 enregistrements biométriques : gardez "
                           "les meilleurs"},
    [TEXT_BAD_PROBABILITY] = {"%1: '%2' must be a probability above 0 and at most 1, such as "
                              "0.0001 or \"1e-4\"",
                              "%1 : « %2 » doit être une probabilité supérieure à 0 et d'au plus "
                              "1, comme 0.0001 ou \"1e-4\""},
    [TEXT_BAD_KIND] = {"%1: '%2' is no kind: write partner, device or device-provider",
                       "%1 : « %2 » n'est pas un genre : écrivez partner, device ou "
                       "device-provider"},

    [TEXT_NO_SOCKET] = {"cannot reach provd at %1 (%2): start the service, or give --socket",
                        "provd n'est pas joignable à %1 (%2) : démarrez le service, ou donnez "
                        "--socket"},
    [TEXT_NOT_LET_IN] =
        {"provd let nobody in: be root or a member of its officers' group (see `id`)",
         "provd n'a laissé entrer personne : soyez root ou membre du groupe des "
         "officiers (voir `id`)"},
    [TEXT_NO_ANSWER] = {"provd did not answer (%1): read its log; to run the command again is safe",
                        "provd n'a pas répondu (%1) : lisez son journal ; relancer la commande est "
                        "sans danger"},
    [TEXT_NO_MEMORY] = {"out of memory: close other programs and try again",
                        "mémoire insuffisante : fermez d'autres programmes et réessayez"},

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
    [TEXT_BAD_SWITCH] = {"%1 is yes or no, not %2", "%1 vaut yes ou no, pas %2"},
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
    [TEXT_KEY_REVOKED] = {"%1 is revoked: nothing shows or uses it any more",
                          "%1 est révoquée : plus rien ne la montre ni ne s'en sert"},
    [TEXT_CLOCK_CONFIRMED] = {"the time of the box counts as right",
                              "l'heure de l'appareil est tenue pour juste"},
    [TEXT_KEY_NEXT_CLOCK] = {"the clock went far ahead: if it is right, `officer clock confirm`",
                             "l'horloge a beaucoup avancé : si elle est juste, `officer clock "
                             "confirm`"},
    [TEXT_KEY_NEXT_NOTHING] = {"next: nothing by itself; `officer key roll %1` asks for another",
                               "suite : rien de soi-même ; `officer key roll %1` en demande une "
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
    [TEXT_BAD_GENERATION] =
        {"generation=%1 is no number of a record root: see `officer status`",
         "generation=%1 n'est pas le numéro d'une racine : voir `officer status`"},
    [TEXT_BAD_FORCE] = {"force= is the reason, for the journal, in 8 to 48 characters",
                        "force= est la raison, pour le journal, en 8 à 48 caractères"},
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
    [TEXT_TRUSTED] = {"trust domain %1 has this authority", "le domaine %1 a cette autorité"},
    [TEXT_PARTNER_ADDED] = {"partner %1 is registered", "le partenaire %1 est enregistré"},
    [TEXT_PARTNER_ACTIVE] = {"partner %1 is active", "le partenaire %1 est actif"},
    [TEXT_PARTNER_SUSPENDED] = {"partner %1 is suspended", "le partenaire %1 est suspendu"},
    [TEXT_JOSE_PUT] = {"partner %1 may use the JOSE profile with these keys",
                       "le partenaire %1 peut utiliser le profil JOSE avec ces clés"},
    [TEXT_JOSE_REMOVED] = {"partner %1 may no longer use the JOSE profile",
                           "le partenaire %1 ne peut plus utiliser le profil JOSE"},
    [TEXT_JOSE_TLS] = {"TLS certificate: SHA-256 %1, valid until %2",
                       "certificat TLS : SHA-256 %1, valable jusqu'au %2"},
    [TEXT_JOSE_SIGNATURE] = {"signature key: kid %1, valid until %2",
                             "clé de signature : kid %1, valable jusqu'au %2"},
    [TEXT_JOSE_ENCRYPTION] = {"encryption key: kid %1, valid until %2",
                              "clé de chiffrement : kid %1, valable jusqu'au %2"},
    [TEXT_POLICY_ADDED] = {"policy %1 is registered", "la politique %1 est enregistrée"},
    [TEXT_API_KEY_ADDED] = {"partner %1 has this API key for policy %2",
                            "le partenaire %1 a cette clé d'API pour la politique %2"},
    [TEXT_MISP_ADDED] = {"licence of %1 is registered", "la licence de %1 est enregistrée"},
    [TEXT_PEOPLE_PROGRESS] = {"imported %1 of %2 people", "%1 personnes importées sur %2"},
    [TEXT_PEOPLE_DONE] = {"%1 people are in the registry", "%1 personnes sont dans le registre"},
    [TEXT_PROGRAMMES_DONE] = {"%1 policies and %2 partners are in the registry",
                              "%1 politiques et %2 partenaires sont dans le registre"},
    [TEXT_STATUS_STATE] = {"state: %1; record keys: generation %2",
                           "état : %1 ; clés d'enregistrement : génération %2"},
    [TEXT_STATUS_PROCESSES] = {"core and unseal: %1; signers: %2",
                               "core et unseal : %1 ; signataires : %2"},
    [TEXT_STATUS_SEQUENCE] = {"registry: commit %1, %2 salts", "registre : commit %1, %2 sels"},
    [TEXT_STATUS_PEOPLE] = {"people: %1; VIDs: %2", "personnes : %1 ; VID : %2"},
    [TEXT_STATUS_PROGRAMMES] = {"partners, policies, API keys: %1; licences, anchors: %2",
                                "partenaires, politiques, clés d'API : %1 ; licences, ancres : %2"},
    [TEXT_STATUS_JOSE] = {"partners with keys for the JOSE profile: %1",
                          "partenaires avec des clés pour le profil JOSE : %1"},
    [TEXT_STATUS_ENROLLED] = {"people with biometrics: %1", "personnes avec biométrie : %1"},
    [TEXT_STATUS_ROOT_OFFERED] = {"record roots: %1, waits for core",
                                  "racines des enregistrements : %1, attend core"},
    [TEXT_STATUS_ROOT_SWEEPING] = {"record roots: %1, %2 %",
                                   "racines des enregistrements : %1, %2 %"},
    [TEXT_STATUS_ROOT_VERIFYING] = {"record roots: %1, verified %2 %",
                                    "racines des enregistrements : %1, vérifié %2 %"},
    [TEXT_STATUS_ROOT_DONE] = {"record roots: %1, complete",
                               "racines des enregistrements : %1, achevé"},
    [TEXT_STATUS_ROOT_LEFT] =
        {"record roots: %1, but for %2 damaged rows: import these people again "
         "(the log of provd has the rows), then `officer root sweep`",
         "racines des enregistrements : %1, sauf %2 lignes abîmées : réimportez "
         "ces personnes (le journal de provd a les lignes), puis `officer root "
         "sweep`"},
    [TEXT_HOTLISTED] = {"%1 %2 is blocked", "%1 %2 est bloqué"},
    [TEXT_HOTLIST_REMOVED] = {"%1 %2 is not blocked any more", "%1 %2 n'est plus bloqué"},
    [TEXT_PIN_HELP] =
        {"A signer that the token refused its PIN ends and is not started again: the box is\n"
         "`locked`, so that a wrong PIN is tried once and the token never locks itself.\n"
         "  1. Find the right PIN, and how many attempts the token has left.\n"
         "  2. Write it into the file that setting pin-file of [hsm] names, as root, with\n"
         "     an editor or `cat > FILE` (never as an argument of a command).\n"
         "  3. Start the service again. A file with the refused PIN still in it is not tried.\n"
         "When the token itself is locked, its security officer resets the PIN first, with the\n"
         "token's own tool.",
         "Un signataire à qui le jeton a refusé son code PIN se termine et n'est pas relancé :\n"
         "l'état devient `locked` ; un mauvais code n'est essayé qu'une fois et le jeton ne se\n"
         "bloque pas.\n"
         "  1. Trouvez le bon code, et combien d'essais le jeton laisse encore.\n"
         "  2. Écrivez-le dans le fichier que nomme le réglage pin-file de [hsm], en tant\n"
         "     que root, avec un éditeur ou `cat > FICHIER` (jamais en argument de commande).\n"
         "  3. Redémarrez le service. Un fichier qui contient encore le code refusé n'est pas\n"
         "     essayé.\n"
         "Si le jeton lui-même est bloqué, son officier de sécurité réinitialise d'abord le code,\n"
         "avec l'outil du jeton."},

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
    [TEXT_ABOUT_KEY_DESTROY] = {"agrees that a retired or revoked key is destroyed",
                                "consent à la destruction d'une clé retirée ou révoquée"},
    [TEXT_ABOUT_KEY_REVOKE] = {"revokes a key, once its successor has taken over",
                               "révoque une clé, dès que sa remplaçante a pris la suite"},
    [TEXT_ABOUT_CLOCK_CONFIRM] = {"says that the time of the box is right, after a jump",
                                  "déclare juste l'heure de l'appareil, après un saut"},
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
    [TEXT_ABOUT_KEY_SHOW] = {"shows what the box publishes: certificates and key set",
                             "montre ce que l'appareil publie : certificats et jeu de clés"},
    [TEXT_ABOUT_TRUST_ADD] = {"trusts a certificate authority in a trust domain",
                              "fait confiance à une autorité de certification dans un domaine"},
    [TEXT_ABOUT_PARTNER_ADD] = {"registers a programme, or replaces its entry",
                                "enregistre un programme, ou remplace son entrée"},
    [TEXT_ABOUT_PARTNER_SUSPEND] = {"refuses a programme from now on",
                                    "refuse un programme dès maintenant"},
    [TEXT_ABOUT_PARTNER_ACTIVATE] = {"ends a suspension", "met fin à une suspension"},
    [TEXT_ABOUT_PARTNER_JOSE] = {"registers, or replaces, the certificates of a programme for the "
                                 "JOSE profile: three keys on P-256",
                                 "enregistre ou remplace les certificats d'un programme pour le "
                                 "profil JOSE : trois clés sur P-256"},
    [TEXT_ABOUT_PARTNER_JOSE_REMOVE] = {"takes the JOSE profile away from a programme",
                                        "retire le profil JOSE à un programme"},
    [TEXT_ABOUT_PARTNER_JOSE_SHOW] = {"shows what a programme has registered for the JOSE profile",
                                      "montre ce qu'un programme a enregistré pour le profil JOSE"},
    [TEXT_ABOUT_POLICY_ADD] = {"registers what programmes may do, from a JSON file",
                               "enregistre ce que des programmes peuvent faire, depuis un fichier "
                               "JSON"},
    [TEXT_ABOUT_API_KEY_ADD] = {"gives a programme a key for a policy; file=- reads it from "
                                "standard input",
                                "donne à un programme une clé pour une politique ; file=- la lit "
                                "sur l'entrée standard"},
    [TEXT_ABOUT_MISP_ADD] = {"registers the licence key of an infrastructure provider",
                             "enregistre la clé de licence d'un fournisseur d'infrastructure"},
    [TEXT_ABOUT_PEOPLE_IMPORT] = {"imports people; who is there already is replaced",
                                  "importe des personnes ; celles déjà présentes sont remplacées"},
    [TEXT_ABOUT_PROGRAMMES_IMPORT] = {"registers authorities, policies, programmes and keys of a "
                                      "JSON file",
                                      "enregistre les autorités, politiques, programmes et clés "
                                      "d'un fichier JSON"},
    [TEXT_ABOUT_HOTLIST_ADD] = {"blocks a programme, a capture device or a maker of such devices",
                                "bloque un programme, un capteur biométrique ou un fabricant de "
                                "capteurs"},
    [TEXT_ABOUT_HOTLIST_REMOVE] = {"lets it in again", "l'admet de nouveau"},
    [TEXT_ABOUT_STATUS] = {"shows the state of the box and what the registry holds",
                           "montre l'état de l'appareil et le contenu du registre"},
    [TEXT_ABOUT_PIN] = {"explains how to replace a PIN that the token refused",
                        "explique comment remplacer un code PIN refusé par le jeton"},
};

static bool french;

void officer_text_choose_language(void) {
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        if (value == NULL || value[0] == '\0')
            continue;
        french = strncmp(value, "fr", 2) == 0;
        return;
    }
}

/* Text of files and arguments goes to a terminal: no control characters. */
static void print_safely(FILE *stream, const char *value) {
    for (; value != NULL && *value != '\0'; value++)
        (void)fputc((unsigned char)*value < 0x20 || *value == 0x7f ? '?' : *value, stream);
}

static const char *text_of(const struct officer_text_pair *pair) {
    return french ? pair->french : pair->english;
}

static void print_filled(FILE *stream, const char *at, const char *first, const char *second) {
    for (; *at != '\0'; at++) {
        if (at[0] == '%' && (at[1] == '1' || at[1] == '2'))
            print_safely(stream, *++at == '1' ? first : second);
        else
            (void)fputc(*at, stream);
    }
}

static void print_pair(FILE *stream, const struct officer_text_pair *pair, const char *first,
                       const char *second) {
    print_filled(stream, text_of(pair), first, second);
    (void)fputc('\n', stream);
}

void officer_text_print(FILE *stream, enum officer_text text, const char *first,
                        const char *second) {
    print_pair(stream, &texts[text], first, second);
}

void officer_text_complain(enum officer_text text, const char *first, const char *second) {
    (void)fputs(french ? "officer : " : "officer: ", stderr);
    print_pair(stderr, &texts[text], first, second);
}

void officer_text_refusal(const struct officer_outcome *outcome, const char *where) {
    char count[16];
    (void)snprintf(count, sizeof count, "%u", outcome->count);
    (void)fputs(french ? "officer : " : "officer: ", stderr);
    if (where != NULL) {
        print_safely(stderr, where);
        (void)fputs(french ? " : " : ": ", stderr);
    }
    const char *text = text_of(officer_text_refusal_pair(outcome->reason));
    print_filled(stderr, text, outcome->detail, count);
    if (outcome->detail[0] != '\0' && strstr(text, "%1") == NULL)
        print_filled(stderr, " (%1)", outcome->detail, NULL);
    (void)fputc('\n', stderr);
}
