#include <stddef.h>

#include "provisioning/officer_text_subjects.h"

static const struct officer_text_pair texts[TEXT_COUNT] = {
    [TEXT_ISSUED] = {"certificate issued for %1, valid until %2; below it is that of the box's CA",
                     "certificat émis pour %1, valable jusqu'au %2 ; suivi de celui de l'autorité "
                     "(CA) de l'appareil"},
    [TEXT_ISSUED_REGISTERED] = {"it is registered with programme %1",
                                "il est enregistré avec le programme %1"},
    [TEXT_ISSUED_REPLACED] =
        {"the one registered before is refused from now on: programme %1 has to use this one",
         "celui qui était enregistré est refusé désormais : le programme %1 doit utiliser "
         "celui-ci"},
    [TEXT_ISSUED_UNWRITTEN] =
        {"%1: the certificate could not be written, but it IS registered: look at where standard "
         "output goes, and issue another for the same request with replace=yes",
         "%1 : le certificat n'a pas pu être écrit, mais il EST enregistré : vérifiez où va la "
         "sortie standard, et faites-en émettre un autre pour la même demande avec replace=yes"},
    [TEXT_ISSUE_DRY_RUN] =
        {"%1: a certificate could be issued for this request; nothing has changed",
         "%1 : un certificat pourrait être émis pour cette demande ; rien n'a changé"},
    [TEXT_ISSUE_WOULD_REPLACE] =
        {"it would take the place of the one registered with %1, which would be refused from then "
         "on",
         "il prendrait la place de celui qui est enregistré pour %1, qui serait dès lors refusé"},
    [TEXT_ISSUED_ALONE] =
        {"it is not registered yet: when programme %1 has its three, for tls, signature and "
         "encryption, register them with `officer partner jose`",
         "il n'est pas encore enregistré : quand le programme %1 aura les trois, pour tls, "
         "signature et encryption, enregistrez-les avec `officer partner jose`"},
    [TEXT_ISSUED_ANCHOR] =
        {"the box's CA is an authority of domain %1 from now on: certificates that it issues are "
         "trusted there",
         "l'autorité (CA) de l'appareil est désormais reconnue dans le domaine %1 : les "
         "certificats qu'elle émet y sont admis"},
    [TEXT_ANCHOR] = {"%1 (valid until %2)", "%1 (valable jusqu'au %2)"},
    [TEXT_ANCHOR_OVER] = {"%1 (not valid today: nothing that it issued is trusted)",
                          "%1 (pas valable aujourd'hui : rien de ce qu'elle a émis n'est admis)"},
    [TEXT_ANCHOR_REMOVED] =
        {"%1: that authority is trusted no more; programmes that are registered stay",
         "%1 : cette autorité n'est plus admise ; les programmes enregistrés le restent"},
    [TEXT_ANCHOR_DRY_RUN] = {"%1: that authority could be removed; nothing has changed",
                             "%1 : cette autorité pourrait être retirée ; rien n'a changé"},
    [TEXT_BAD_THUMBPRINT] =
        {"sha256=%1: write the 64 hexadecimal digits that `officer trust list` shows",
         "sha256=%1 : écrivez les 64 chiffres hexadécimaux que montre `officer trust list`"},
    [TEXT_ABOUT_TRUST_REMOVE] =
        {"trusts an authority no more: what it has issued is refused when it is presented",
         "n'admet plus une autorité : ce qu'elle a émis est refusé quand on le présente"},
    [TEXT_ABOUT_TRUST_LIST] =
        {"shows the authorities of the trust domains, or of one: SHA-256, end, name",
         "montre les autorités des domaines de confiance, ou d'un seul : SHA-256, fin, nom"},
    [TEXT_BAD_USE] = {"use=%1: write mosip, tls, signature or encryption",
                      "use=%1 : écrivez mosip, tls, signature ou encryption"},
    [TEXT_BAD_DAYS] = {"days=%1: write a number from 1 to %2",
                       "days=%1 : écrivez un nombre de 1 à %2"},
    [TEXT_ABOUT_CERTIFICATE_ISSUE] =
        {"has the box's CA issue a certificate to a programme, registers it and prints both",
         "fait émettre un certificat à un programme par l'autorité (CA) de l'appareil, "
         "l'enregistre "
         "et affiche les deux"},
    [TEXT_ABOUT_CERTIFICATE_DEVICE] =
        {"has the box's CA issue a certificate to a capture device and prints both",
         "fait émettre un certificat à un dispositif de capture par l'autorité (CA) de l'appareil "
         "et "
         "affiche les deux"},
};

const struct officer_text_pair *officer_text_certificate_pair(enum officer_text text) {
    return texts[text].english != NULL ? &texts[text] : NULL;
}
