#include "provisioning/officer_text_refusal.h"

/* %1: the detail, %2: which person of the file. */
static const struct officer_text_pair refusals[OFFICER_REASON_COUNT] = {
    [OFFICER_REASON_KEY_STATE] =
        {"this cannot be done with that key or purpose (state: %1): see `officer key list`",
         "impossible avec cette clé ou cet usage (état : %1) : voir `officer key list`"},
    [OFFICER_REASON_KEY_NEEDED] =
        {"what is stored depends on this key, and nobody could be found or opened without it: "
         "order the next one (`officer key roll`), and revoke this one when `officer key list` "
         "does not call it in-use any more",
         "ce qui est stocké dépend de cette clé : sans elle, rien ne s'ouvrirait ou personne ne "
         "serait retrouvé ; demandez la suivante (`officer key roll`), et révoquez celle-ci quand "
         "`officer key list` ne dit plus in-use"},
    [OFFICER_REASON_KEY_SUCCESSOR] =
        {"its successor cannot take over yet: it has been asked for, so try again when `officer "
         "key list` says that it can, or add at-once=yes and have no key until then",
         "sa remplaçante ne peut pas encore prendre la suite : elle est demandée ; réessayez quand "
         "`officer key list` le dit, ou ajoutez at-once=yes et restez sans clé jusque-là"},
    [OFFICER_REASON_KEY_USED] =
        {"programmes still encrypt to this key (%1) and would be refused: `officer key usage` "
         "shows "
         "who; when they have changed try again, or add force=REASON",
         "des programmes chiffrent encore pour cette clé (%1) et seraient refusés : `officer key "
         "usage` montre lesquels ; réessayez quand ils auront changé, ou ajoutez force=RAISON"},
    [OFFICER_REASON_KEY_UNCOUNTED] =
        {"it is not known yet who still encrypts to this key (%1): try again when a whole day has "
         "been counted, or add force=REASON",
         "on ne sait pas encore qui chiffre pour cette clé (%1) : réessayez quand un jour entier "
         "aura été compté, ou ajoutez force=RAISON"},
    [OFFICER_REASON_CUSTODY_PURPOSE] =
        {"keys of %1 never leave the token: only those that requests are encrypted to may be "
         "wrapped (IDA/PARTNER, IDA/IDA-FIR, IDCS/REQUEST)",
         "les clés de %1 ne quittent jamais le jeton : seules celles pour lesquelles les requêtes "
         "sont chiffrées peuvent être enveloppées (IDA/PARTNER, IDA/IDA-FIR, IDCS/REQUEST)"},
    [OFFICER_REASON_CUSTODY_MEMORY] =
        {"the signer cannot lock its memory, and opens no wrapped key in memory that may go to "
         "disk: start authd with a RLIMIT_MEMLOCK of 8 MiB or more, then try again",
         "le signataire ne peut pas verrouiller sa mémoire, et n'ouvre aucune clé enveloppée dans "
         "une mémoire qui peut aller sur le disque : démarrez authd avec un RLIMIT_MEMLOCK de "
         "8 Mio ou plus, puis réessayez"},
    [OFFICER_REASON_CUSTODY_TOKEN] =
        {"the token does not make keys of this kind: they stay wrapped under the KEK",
         "le jeton ne crée pas de clés de ce genre : elles restent enveloppées sous la KEK"},
    [OFFICER_REASON_TLS_NONE] =
        {"there is no such TLS key, or nothing was brought for it: see `officer tls show` (a key "
         "in a file, tls-key of [edge], is not looked after here)",
         "cette clé TLS n'existe pas, ou rien n'a été apporté pour elle : voir `officer tls show` "
         "(une clé dans un fichier, tls-key de [edge], n'est pas gérée ici)"},
    [OFFICER_REASON_TLS_KEY] =
        {"the first certificate is not of a TLS key of this box: it must come from what `officer "
         "tls request` wrote, and be the first of the file",
         "le premier certificat n'est pas celui d'une clé TLS de cet appareil : il doit venir de "
         "ce que `officer tls request` a écrit, et être le premier du fichier"},
    [OFFICER_REASON_TLS_SERVER] =
        {"the first certificate is not for a server that signs: ask for one with serverAuth and "
         "digitalSignature, without OCSP must-staple or unusual critical extensions, and put it "
         "first",
         "le premier certificat n'est pas pour un serveur qui signe : demandez-en un avec "
         "serverAuth et digitalSignature, sans OCSP must-staple ni extension critique "
         "inhabituelle, "
         "et mettez-le en premier"},
    [OFFICER_REASON_TLS_ISSUER] =
        {"certificate %1 of the file has not issued the one before it: put the box's first, then "
         "its issuer, then that one's",
         "le certificat %1 du fichier n'a pas émis celui qui le précède : mettez celui de "
         "l'appareil d'abord, puis son émetteur, puis l'émetteur de celui-ci"},
    [OFFICER_REASON_TLS_PATH] =
        {"clients would refuse this chain: an authority in it may not issue such a certificate",
         "les clients refuseraient cette chaîne : une de ses autorités ne peut pas émettre un tel "
         "certificat"},
    [OFFICER_REASON_TLS_NAME] =
        {"the certificate lacks %1, a name of the box: ask for one that has all, or add "
         "force-names=REASON",
         "le certificat n'a pas %1, un nom de l'appareil : demandez-en un qui les a tous, ou "
         "ajoutez force-names=RAISON"},
    [OFFICER_REASON_NONE] = {"provd refused without a reason: read its log",
                             "provd a refusé sans raison : lisez son journal"},
    [OFFICER_REASON_STATE] = {"the box is %1: see `officer status` and the log of authd",
                              "l'appareil est dans l'état %1 : voir `officer status` et le journal "
                              "d'authd"},
    [OFFICER_REASON_NO_KEYS] = {"the box has no keys yet: run `officer key initialise`",
                                "l'appareil n'a pas encore de clés : lancez `officer key "
                                "initialise`"},
    [OFFICER_REASON_CORE] = {"core cannot record the change now, so it was not made: see `officer "
                             "status`, then try again",
                             "core ne peut pas consigner le changement, il n'a donc pas été fait : "
                             "voir `officer status`, puis réessayez"},
    [OFFICER_REASON_SIGNER] =
        {"no signer answers: see `officer status`, then try again",
         "aucun signataire ne répond : voir `officer status`, puis réessayez"},
    [OFFICER_REASON_TOKEN] = {"the signer refused (%1): read its log",
                              "le signataire a refusé (%1) : lisez son journal"},
    [OFFICER_REASON_ROOTS] = {"this token does not open the registry's record keys (%1): put back "
                              "the token that made them, or the registry that belongs to it",
                              "ce jeton n'ouvre pas les clés du registre (%1) : remettez le jeton "
                              "qui les a faites, ou le registre qui lui appartient"},
    [OFFICER_REASON_UNSEAL] = {"nobody can read certificates and records now: see `officer "
                               "status`, then try again",
                               "personne ne peut lire de certificats ni d'enregistrements en ce "
                               "moment : voir `officer status`, puis réessayez"},
    [OFFICER_REASON_REGISTRY] = {"the registry failed (%1): check the disk and provd's log",
                                 "le registre a échoué (%1) : vérifiez le disque et le journal de "
                                 "provd"},
    [OFFICER_REASON_VALUE] = {"%1 has a value that is not allowed: see officer(1)",
                              "%1 a une valeur non admise : voir officer(1)"},
    [OFFICER_REASON_UNKNOWN] = {"the %1 is not registered: add it first",
                                "%1 n'est pas enregistré : ajoutez-le d'abord"},
    [OFFICER_REASON_CERTIFICATE] = {"the certificate cannot be read: give one X.509 certificate, "
                                    "PEM or DER",
                                    "le certificat est illisible : donnez un certificat X.509, PEM "
                                    "ou DER"},
    [OFFICER_REASON_CERTIFICATE_EXPIRED] =
        {"the certificate is not valid today: ask for a new one, "
         "or set the clock",
         "le certificat n'est pas valide aujourd'hui : demandez-en "
         "un nouveau, ou réglez l'horloge"},
    [OFFICER_REASON_CERTIFICATE_UNTRUSTED] = {"no authority of domain AUTH has issued this "
                                              "certificate: `officer trust add domain=AUTH "
                                              "file=CA` first",
                                              "aucune autorité du domaine AUTH n'a émis ce "
                                              "certificat : d'abord `officer trust add "
                                              "domain=AUTH file=CA`"},
    [OFFICER_REASON_CERTIFICATE_WEAK] =
        {"the certificate's key or signature is too weak: use RSA of 2048 bits or more, or P-256 "
         "where that fits, and have it signed with SHA-256 or better",
         "la clé ou la signature du certificat est trop faible : utilisez RSA de 2048 bits ou "
         "plus, "
         "ou P-256 là où elle convient, et faites-le signer avec SHA-256 ou mieux"},
    [OFFICER_REASON_CERTIFICATE_NOT_AUTHORITY] = {"this is not a certificate of an authority "
                                                  "(basicConstraints CA)",
                                                  "ce n'est pas un certificat d'autorité "
                                                  "(basicConstraints CA)"},
    [OFFICER_REASON_ANCHORS_FULL] = {"this trust domain has all the authorities it can have",
                                     "ce domaine de confiance a toutes les autorités possibles"},
    [OFFICER_REASON_PERSON] = {"people[%2]: %1 has a value that is not allowed; this batch was not "
                               "imported: correct it and import the file again",
                               "people[%2] : %1 a une valeur non admise ; ce lot n'a pas été "
                               "importé : corrigez et réimportez le fichier"},
    [OFFICER_REASON_VID_TAKEN] = {"people[%2]: a VID belongs to another person; this batch was not "
                                  "imported",
                                  "people[%2] : un VID appartient à une autre personne ; ce lot "
                                  "n'a pas été importé"},
    [OFFICER_REASON_TWICE] = {"people[%2]: an identifier (%1) comes twice; this batch was not "
                              "imported",
                              "people[%2] : un identifiant (%1) apparaît deux fois ; ce lot n'a "
                              "pas été importé"},
    [OFFICER_REASON_CERTIFICATE_NOT_P256] =
        {"the JOSE profile takes keys on P-256 alone, this certificate has another (%1): have one "
         "issued for a new key",
         "le profil JOSE n'admet que des clés sur P-256, ce certificat en a une autre (%1) : "
         "faites-en émettre un pour une nouvelle clé"},
    [OFFICER_REASON_KEY_TWICE] = {"two certificates have the same key (%1): each purpose needs a "
                                  "key of its own",
                                  "deux certificats ont la même clé (%1) : chaque usage demande "
                                  "sa propre clé"},
    [OFFICER_REASON_KEY_TAKEN] = {"another programme has this key already (%1): make a key that "
                                  "nobody else has",
                                  "un autre programme a déjà cette clé (%1) : faites une clé que "
                                  "personne d'autre n'a"},
    [OFFICER_REASON_CLIENTS_FULL] =
        {"as many programmes have the JOSE profile as the appliance can serve: remove one that is "
         "not used any more with `officer partner jose-remove`",
         "autant de programmes ont le profil JOSE que l'appareil peut en servir : retirez-en un "
         "qui ne sert plus avec `officer partner jose-remove`"},
    [OFFICER_REASON_RECORD] =
        {"people[%2]: this biometric record breaks its format, %1; this batch "
         "was not imported: have the record made again",
         "people[%2] : cet enregistrement biométrique n'est pas conforme à "
         "son format, %1 ; ce lot n'a pas été importé : faites refaire "
         "l'enregistrement"},
    [OFFICER_REASON_RECORD_FORMAT] =
        {"people[%2]: format-not-accepted, %1: this box reads ISO 19794-2:2005, ISO 19794-2:2011 "
         "and ANSI 378-2004 for fingers, and its own containers for irises and faces; this batch "
         "was not imported",
         "people[%2] : format-not-accepted, %1 : cet appareil lit ISO 19794-2:2005, ISO "
         "19794-2:2011 et ANSI 378-2004 pour les doigts, et ses propres conteneurs pour les iris "
         "et les visages ; ce lot n'a pas été importé"},
    [OFFICER_REASON_RECORD_IMAGE] =
        {"people[%2]: this is an image, %1, and this box has no plug-in that makes templates of "
         "such images: configure one ([plugin] in authd.conf, see authd(8)) or send templates; "
         "this batch was not imported",
         "people[%2] : c'est une image, %1, et cet appareil n'a pas de module externe (plug-in) "
         "qui en fasse un gabarit : configurez-en un ([plugin] dans authd.conf, voir authd(8)) ou "
         "envoyez des gabarits ; ce lot n'a pas été importé"},
    [OFFICER_REASON_RECORD_PLUGIN] = {"people[%2]: the plug-in makes no template of this image, "
                                      "%1: have it captured again; this batch was not imported",
                                      "people[%2] : le module externe (plug-in) ne fait pas de "
                                      "gabarit de cette image, %1 : faites refaire la capture ; ce "
                                      "lot n'a pas été importé"},
    [OFFICER_REASON_RECORD_MANY] =
        {"people[%2]: more than can be enrolled, %1: of one finger, one eye or the face 4, of a "
         "person 32; this batch was not imported: keep the best",
         "people[%2] : plus qu'on ne peut enrôler, %1 : 4 d'un doigt, d'un œil ou du visage, 32 "
         "d'une personne ; ce lot n'a pas été importé : gardez les meilleurs"},
    [OFFICER_REASON_DOCUMENT] = {"people[%2]: this is not the CBEFF document of MOSIP's "
                                 "registration, %1; this batch was not imported: export it again",
                                 "people[%2] : ce n'est pas le document CBEFF de l'enregistrement "
                                 "MOSIP, %1 ; ce lot n'a pas été importé : exportez-le de nouveau"},
    [OFFICER_REASON_PLUGIN] = {"people[%2]: the plug-in does not answer, %1: see the log of authd, "
                               "then try again; this batch was not imported",
                               "people[%2] : le module externe (plug-in) ne répond pas, %1 : voir "
                               "le journal d'authd, puis réessayez ; ce lot n'a pas été importé"},
    [OFFICER_REASON_CEILING] =
        {"this policy would let somebody else pass too often: %1 (false match rate x presented x "
         "enrolled x tries > ceiling): lower falseMatchRate or atMost, or declare a higher ceiling",
         "cette politique laisserait passer autrui trop souvent : %1 (taux de fausse acceptation x "
         "présentés x enrôlés x essais > plafond) : baissez falseMatchRate ou atMost, ou déclarez "
         "un plafond (ceiling) plus haut"},
    [OFFICER_REASON_RATE] =
        {"no measurement supports so low a falseMatchRate; the lowest for %1",
         "aucune mesure ne justifie un falseMatchRate si bas ; le plus bas pour "
         "%1"},
    [OFFICER_REASON_REQUEST] =
        {"this is no request for a certificate: give one of PKCS#10, PEM or DER, as `openssl req "
         "-new` makes it",
         "ce n'est pas une demande de certificat : donnez-en une au format PKCS#10, PEM ou DER, "
         "comme la fait `openssl req -new`"},
    [OFFICER_REASON_REQUEST_UNSIGNED] =
        {"the request is not signed by the key that it is for: have it made again by whoever has "
         "the key",
         "la demande n'est pas signée par la clé qu'elle nomme : faites-la refaire par qui détient "
         "la clé"},
    [OFFICER_REASON_REQUEST_KEY] =
        {"the request is for a key that such a certificate is not for (%1): P-256 for use=tls, "
         "signature and encryption; RSA of 2048 to 4096 bits with the exponent 65537 for all else",
         "la clé demandée ne convient pas à ce certificat (%1) : P-256 pour use=tls, signature et "
         "encryption ; sinon RSA de 2048 à 4096 bits avec l'exposant 65537"},
    [OFFICER_REASON_ISSUE_UNKNOWN] =
        {"there is no programme %1 yet: add name=NAME to add it with a certificate for the MOSIP "
         "profile, or `officer partner add` first",
         "il n'y a pas encore de programme %1 : ajoutez name=NOM pour l'ajouter avec un certificat "
         "du profil MOSIP, ou d'abord `officer partner add`"},
    [OFFICER_REASON_NO_AUTHORITY] =
        {"the box has no active key of its CA: run `officer key initialise` if it never had one, "
         "else "
         "`officer key list` says when the next one is active",
         "l'appareil n'a pas de clé active pour son autorité (CA) : lancez `officer key "
         "initialise` "
         "s'il n'en a jamais eu, sinon `officer key list` dit quand la prochaine sera active"},
    [OFFICER_REASON_AUTHORITY_ENDS] =
        {"the CA's own certificate ends before: give fewer days, or `officer key roll IDCS/CA` "
         "first",
         "le certificat de l'autorité (CA) finit avant : donnez moins de jours, ou d'abord "
         "`officer key roll IDCS/CA`"},
    [OFFICER_REASON_ISSUED_MANY] =
        {"no more certificates in this minute: try again in the next, and see the signer's log",
         "plus de certificats pendant cette minute : réessayez à la suivante, et voyez le journal "
         "du signataire"},
    [OFFICER_REASON_REPLACES] =
        {"%1 has a registered certificate for this use, and the new one would take its place: what "
         "the programme sends with the one before is refused from then on; when it is ready, add "
         "replace=yes",
         "%1 a déjà un certificat enregistré pour cet usage, et le nouveau prendrait sa place : ce "
         "que le programme envoie avec le précédent est dès lors refusé ; quand il est prêt, "
         "ajoutez replace=yes"},
    [OFFICER_REASON_ANCHOR_NONE] =
        {"domain %1 has no authority of that SHA-256: `officer trust list` shows those it has",
         "le domaine %1 n'a pas d'autorité avec ce SHA-256 : `officer trust list` montre les "
         "siennes"},
    [OFFICER_REASON_NO_OFFICER] =
        {"provd let nobody in: be root or a member of its officers' group (see `id`)",
         "provd n'a laissé entrer personne : soyez root ou membre du groupe des officiers (voir "
         "`id`)"},
    [OFFICER_REASON_PLACES] =
        {"all places are taken, try again: other officers are connected, and one that asks nothing "
         "gives its place up within a minute (root has places of its own)",
         "toutes les places sont prises, réessayez : d'autres officiers sont connectés, et qui ne "
         "demande rien cède sa place en une minute (root a ses propres places)"},
    [OFFICER_REASON_ROOT_STATE] =
        {"not with the roll of the record root as it is (%1): see `officer status`",
         "pas dans l'état du renouvellement de la racine (%1) : voir `officer status`"},
    [OFFICER_REASON_ROOT_NONE] =
        {"there is no older record root of that generation: `officer status` shows which is the "
         "newest, and it cannot be removed",
         "il n'y a pas d'ancienne racine de cette génération : `officer status` montre laquelle "
         "est la plus récente, qui ne peut pas être supprimée"},
    [OFFICER_REASON_PURPOSE] =
        {"there is no purpose %1: `officer key list` shows those there are, such as IDA/SIGN",
         "il n'y a pas d'usage %1 : `officer key list` montre ceux qui existent, tel que "
         "IDA/SIGN"},
    [OFFICER_REASON_ROOT_LEFT] =
        {"%1 rows are of older roots, damaged: import these people again (the log of provd has the "
         "rows), then `officer root sweep`",
         "%1 lignes d'anciennes racines sont abîmées : réimportez ces personnes (le journal de "
         "provd "
         "a les lignes), puis `officer root sweep`"},
    [OFFICER_REASON_ROOT_FIRST] =
        {"the first record root stays: what the box has counted and remembers depends on it",
         "la première racine reste : ce que l'appareil a compté et retenu en dépend"},
    [OFFICER_REASON_ROOTS_FULL] =
        {"there are as many record roots as there can be: remove one with `officer root remove "
         "generation=N`",
         "il y a autant de racines que possible : supprimez-en une avec `officer root remove "
         "generation=N`"},
};

const struct officer_text_pair *officer_text_refusal_pair(enum officer_reason reason) {
    return &refusals[reason];
}
