#include <stddef.h>

#include "provisioning/officer_text_subjects.h"

static const struct officer_text_pair texts[TEXT_COUNT] = {
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
    [TEXT_BAD_KIND] = {"%1: '%2' is no kind: write partner, device, device-provider or vid",
                       "%1 : « %2 » n'est pas un genre : écrivez partner, device, "
                       "device-provider ou vid"},
    [TEXT_BAD_VID_FILE] = {"%1: no VID: write its 16 digits and nothing else",
                           "%1 : pas de VID : écrivez ses 16 chiffres et rien d'autre"},
    [TEXT_HOTLIST_WANTS] = {"kind=%1 is given by %2= alone: see `officer hotlist --help`",
                            "kind=%1 se donne par %2= seul : voir `officer hotlist --help`"},
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
    [TEXT_HOTLISTED] = {"%1 %2 is blocked", "%1 %2 est bloqué"},
    [TEXT_HOTLIST_REMOVED] = {"%1 %2 is not blocked any more", "%1 %2 n'est plus bloqué"},
    [TEXT_VID_HOTLISTED] = {"the VID of %1 is blocked, and no other",
                            "le VID de %1 est bloqué, et aucun autre"},
    [TEXT_VID_REMOVED] = {"the VID of %1 is not blocked any more",
                          "le VID de %1 n'est plus bloqué"},
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
    [TEXT_ABOUT_HOTLIST_ADD] =
        {"blocks a programme, a capture device or a maker of such devices, by its id; or a VID, "
         "which is read from a file",
         "bloque un programme, un capteur biométrique ou un fabricant de capteurs, par son "
         "identifiant ; ou un VID, lu dans un fichier"},
    [TEXT_ABOUT_HOTLIST_REMOVE] = {"lets it in again", "l'admet de nouveau"},
};

const struct officer_text_pair *officer_text_registry_pair(enum officer_text text) {
    return texts[text].english != NULL ? &texts[text] : NULL;
}
