#include <stddef.h>

#include "provisioning/officer_text_subjects.h"

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
    [TEXT_MISSING_ARGUMENT] = {"%1 is missing: use %2", "%1 manque : utilisez %2"},
    [TEXT_DOUBLE_ARGUMENT] = {"%1= is given twice: keep one",
                              "%1= est donné deux fois : gardez-en un"},
    [TEXT_WORD_TOO_MANY] = {"'%1' is one word too many: use %2",
                            "« %1 » est un mot de trop : utilisez %2"},
    [TEXT_NO_DRY_RUN] = {"`%1` has no dry run, and nothing was done: leave --dry-run out",
                         "`%1` n'a pas d'essai à blanc (--dry-run), et rien n'a été fait : "
                         "retirez --dry-run"},
    [TEXT_BAD_TIME] = {"%1: '%2' is no date: write 2027-12-31 or 2027-12-31T23:59:59.000Z",
                       "%1 : « %2 » n'est pas une date : écrivez 2027-12-31 ou "
                       "2027-12-31T23:59:59.000Z"},
    [TEXT_BAD_STATUS] = {"%1: '%2' is no status: write active, suspended or deleted",
                         "%1 : « %2 » n'est pas un état : écrivez active, suspended ou deleted"},
    [TEXT_TOO_LONG] = {"%1 is too long: shorten it to %2 bytes",
                       "%1 est trop long : raccourcissez-le à %2 octets"},
    [TEXT_CANNOT_READ] = {"%1: %2: check the path and its permissions",
                          "%1 : %2 : vérifiez le chemin et ses droits"},
    [TEXT_CANNOT_WRITE] = {"the answer could not be written: look at where standard output goes",
                           "la réponse n'a pas pu être écrite : vérifiez où va la sortie standard"},
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
    [TEXT_INTERRUPTED] =
        {"officer: interrupted: the order had been sent, and whether it was done is not known; see "
         "`officer status` and `officer key list` before you give it again\n",
         "officer : interrompu : l'ordre était parti, et on ne sait pas s'il a été exécuté ; voir "
         "`officer status` et `officer key list` avant de le redonner\n"},
    [TEXT_NO_MEMORY] = {"out of memory: close other programs and try again",
                        "mémoire insuffisante : fermez d'autres programmes et réessayez"},
    [TEXT_BAD_SWITCH] = {"%1 is yes or no, not %2", "%1 vaut yes ou no, pas %2"},
    [TEXT_BAD_FORCE] = {"%1= is the reason, for the journal, in 8 to %2 bytes",
                        "%1= est la raison, pour le journal, en 8 à %2 octets"},
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
    [TEXT_ABOUT_PIN] = {"explains how to replace a PIN that the token refused",
                        "explique comment remplacer un code PIN refusé par le jeton"},
};

const struct officer_text_pair *officer_text_command_pair(enum officer_text text) {
    return texts[text].english != NULL ? &texts[text] : NULL;
}
