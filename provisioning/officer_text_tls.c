#include <stddef.h>

#include "provisioning/officer_text_subjects.h"

static const struct officer_text_pair texts[TEXT_COUNT] = {
    [TEXT_TLS_BAD_GENERATION] = {"'%1' is no number of a TLS key: see `officer tls show`",
                                 "« %1 » n'est pas le numéro d'une clé TLS : voir `officer tls "
                                 "show`"},
    [TEXT_TLS_NO_CERTIFICATE] =
        {"%1 has no whole certificate in PEM: give what the authority sent, the box's first",
         "%1 ne contient aucun certificat PEM complet : donnez ce que l'autorité a envoyé, celui "
         "de l'appareil en premier"},
    [TEXT_TLS_MANY] = {"%1 has more than 4 certificates: leave the root out",
                       "%1 contient plus de 4 certificats : omettez la racine"},
    [TEXT_TLS_LARGE] =
        {"%1 has a certificate of more than 4096 bytes: ask for one with fewer names",
         "%1 contient un certificat de plus de 4096 octets : demandez-en un avec "
         "moins de noms"},
    [TEXT_TLS_INSTALLED] = {"%1 has this certificate; while the key is active new handshakes show "
                            "it",
                            "%1 a ce certificat ; tant que la clé est active, il est montré aux "
                            "nouvelles connexions"},
    [TEXT_TLS_INSTALLED_UNSHOWN] =
        {"%1 has this certificate, but no handshake shows it: this box's TLS key is in a file "
         "(tls-key of [edge]). Without that setting, after a restart, handshakes show it",
         "%1 a ce certificat, mais aucune connexion ne le montre : la clé TLS de cet appareil est "
         "dans un fichier (tls-key de [edge]). Sans ce réglage, après un redémarrage, il est "
         "montré"},
    [TEXT_TLS_IN_FILE] =
        {"TLS key in a file: handshakes show tls-certificate of [edge], and no key of the token",
         "clé TLS dans un fichier : les connexions montrent tls-certificate de [edge], et aucune "
         "clé du jeton"},
    [TEXT_TLS_LEAF_ALONE] =
        {"  warning: it stands alone, and clients that do not have '%1', which issued it, refuse "
         "it. If that is an intermediate authority, install its certificate too, behind the "
         "box's",
         "  attention : il est seul, et les clients qui n'ont pas « %1 », qui l'a émis, le "
         "refusent. Si c'est une autorité intermédiaire, installez aussi son certificat, après "
         "celui de l'appareil"},
    [TEXT_TLS_AUTHORITY] = {"  clients need '%1', which issued the last of these certificates",
                            "  les clients doivent avoir « %1 », qui a émis le dernier de ces "
                            "certificats"},
    [TEXT_TLS_REMOVED] = {"%1 has the box's own certificate again",
                          "%1 a de nouveau le certificat de l'appareil"},
    [TEXT_TLS_BROUGHT] = {"%1 (%2): certificate brought by officers",
                          "%1 (%2) : certificat apporté par les officiers"},
    [TEXT_TLS_OWN] = {"%1 (%2): certificate by the box's own root, IDA/ROOT",
                      "%1 (%2) : certificat de la racine de l'appareil, IDA/ROOT"},
    [TEXT_TLS_ENDS] = {"  warning: it runs out in %1: `officer tls request`",
                       "  attention : il expire dans %1 : `officer tls request`"},
    [TEXT_TLS_OVER] = {"  warning: it ran out %1 ago, and clients refuse it: `officer tls request`",
                       "  attention : il a expiré il y a %1, les clients le refusent : `officer "
                       "tls request`"},
    [TEXT_STATUS_TLS_BROUGHT] =
        {"TLS key in the token: %1, certificate brought by officers, until %2",
         "clé TLS du jeton : %1, certificat apporté par les officiers, jusqu'au %2"},
    [TEXT_STATUS_TLS_OWN] = {"TLS key in the token: %1, certificate by IDA/ROOT, until %2",
                             "clé TLS du jeton : %1, certificat par IDA/ROOT, jusqu'au %2"},
    [TEXT_KEY_NEXT_CERTIFICATE] =
        {"next: the standby becomes active once it has a certificate too: `officer tls request`",
         "suite : la clé suivante devient active dès qu'elle aussi a un certificat : `officer tls "
         "request`"},
    [TEXT_ABOUT_TLS_REQUEST] =
        {"writes a certificate request, signed by the TLS key in the token, to standard output",
         "écrit sur la sortie standard une demande de certificat, signée par la clé TLS du jeton"},
    [TEXT_ABOUT_TLS_INSTALL] =
        {"shows, from now on, the certificates an authority gave: the box's first, each issued by "
         "the next",
         "montre désormais les certificats donnés par une autorité : celui de l'appareil d'abord, "
         "chacun émis par le suivant"},
    [TEXT_ABOUT_TLS_REMOVE] = {"goes back to the certificate by the box's own root, IDA/ROOT",
                               "revient au certificat de la racine de l'appareil, IDA/ROOT"},
    [TEXT_ABOUT_TLS_SHOW] = {"shows which certificates handshakes show, and until when",
                             "montre les certificats présentés aux connexions, et jusqu'à quand"},
};

const struct officer_text_pair *officer_text_tls_pair(enum officer_text text) {
    return texts[text].english != NULL ? &texts[text] : NULL;
}
